import type { TSchema } from '@sinclair/typebox'
import { t } from 'elysia'
import type { ProblemStatus } from '../shared/http/problems.ts'
import type { Exchange } from './read-headers.ts'

/** What one read model answers on another one's path: where the request has its query parameter. */
export interface Extension {
  /** As the other one's route has it: `/users/:id`. */
  readonly path: string
  readonly parameter: string
  readonly schema: TSchema
  /** Those that the route does not have without it. */
  readonly statuses: readonly ProblemStatus[]
  /** @param value valid by the schema */
  answer(
    value: string,
    exchange: Exchange & { readonly params: Readonly<Record<string, string>> },
  ): Promise<never>
}

/** For the route of a path: the query string that it takes, and what others answer. */
export interface Extended {
  readonly query: ReturnType<typeof queryOf>
  readonly statuses: readonly ProblemStatus[]
  /** Undefined where the answer is the route's own. */
  answer(
    query: Readonly<Record<string, unknown>>,
    exchange: Parameters<Extension['answer']>[1],
  ): Promise<never> | undefined
}

/** @param all of every read model */
export function extendedBy(all: readonly Extension[], path: string): Extended {
  const own = all.filter((extension) => extension.path === path)
  return {
    query: queryOf(own),
    statuses: own.flatMap(({ statuses }) => statuses),
    answer(query, exchange) {
      const asked = own.find(({ parameter }) => query[parameter] !== undefined)
      return asked?.answer(String(query[asked.parameter]), exchange)
    },
  }
}

function queryOf(extensions: readonly Extension[]) {
  const parameters = extensions.map(({ parameter, schema }) => [parameter, t.Optional(schema)] as const)
  return t.Object(Object.fromEntries(parameters), { additionalProperties: false })
}

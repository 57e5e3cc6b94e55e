import { problemType } from './problem.ts'
import { problemExample, problems, type ProblemSlug } from './problems.ts'

/** What the functions that complete an OpenAPI document share. */
export type Document = Readonly<Record<string, unknown>>

export interface Operation {
  readonly description?: string
  readonly parameters?: readonly unknown[]
  readonly requestBody?: { readonly content?: Readonly<Record<string, { readonly schema?: object }>> }
  readonly responses?: Readonly<Record<string, OperationResponse>>
}

export interface OperationResponse {
  readonly description?: string
  readonly headers?: object
  readonly content?: object
}

/** The document with each of its operations changed. Pure. */
export function mapOperations(
  document: Document,
  change: (operation: Operation, method: string, path: string) => Operation,
): Document {
  const paths = Object.entries((document['paths'] ?? {}) as Record<string, Record<string, Operation>>)
  return {
    ...document,
    paths: Object.fromEntries(
      paths.map(([path, item]) => [
        path,
        Object.fromEntries(
          Object.entries(item).map(([method, operation]) => [method, change(operation, method, path)]),
        ),
      ]),
    ),
  }
}

/** A response that is one of these problems, each with an example of its own; they have one status. */
export function problemResponse(slugs: readonly ProblemSlug[], headers?: object): OperationResponse {
  return {
    description: slugs.map((slug) => problems[slug].title).join('; or: '),
    ...(headers && { headers }),
    content: {
      [problemType]: {
        schema: { $ref: '#/components/schemas/Problem' },
        examples: Object.fromEntries(slugs.map((slug) => [slug, { value: problemExample(slug) }])),
      },
    },
  }
}

/** `responses` by status for all problems that an operation may answer. */
export function problemResponses(
  slugs: readonly ProblemSlug[],
  headersOf: Readonly<Record<number, object>> = {},
): Readonly<Record<string, OperationResponse>> {
  // Not `Map.groupBy`: apps run on Node 20 as well.
  const statuses = [...new Set(slugs.map((slug) => problems[slug].status))]
  const ofStatus = (status: number) => slugs.filter((slug) => problems[slug].status === status)
  return Object.fromEntries(
    statuses.map((status) => [status, problemResponse(ofStatus(status), headersOf[status])]),
  )
}

export const documentedHeader = (description: string, schema: object, example?: unknown) => ({
  description,
  schema: { ...schema, ...(example !== undefined && { example }) },
})

import { isDeepStrictEqual } from 'node:util'
import type { AggregateState } from './aggregate.ts'

/**
 * Which fields a step from one state to the next changed; of a new aggregate, those that its command set. The loop's own
 * `updated_at` is no change. Pure.
 */
export function changedFields(
  before: AggregateState | undefined,
  after: AggregateState,
  input: unknown,
): string[] {
  const [from, to] = [before, after] as unknown as [Fields | undefined, Fields]
  const names = from ? [...new Set([...Object.keys(from), ...Object.keys(to)])] : Object.keys(to)
  const isChanged = from
    ? (name: string) => !isDeepStrictEqual(from[name], to[name])
    : (name: string) => typeof input === 'object' && input !== null && Object.hasOwn(input, name)
  return names.filter((name) => name !== 'updated_at' && isChanged(name))
}

type Fields = Record<string, unknown>

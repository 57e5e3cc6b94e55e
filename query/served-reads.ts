import type { CollectionOf } from './projector/collection-of.ts'
import type { Serving } from './projector/generations/generations.ts'
import type { ReadModel } from './projector/read-model.ts'
import { HttpProblem } from '../shared/http/problem.ts'
import { delay, withTimeout } from '../shared/process/backoff.ts'
import type { Logger } from '../shared/process/log.ts'
import { parkedVersions } from './projector/parking/parked-versions.ts'
import { createReads, type Reads } from './reads.ts'
import type { Notices } from './waiting/notices.ts'
import type { WaitingRoom } from './waiting/room.ts'
import { createUntilApplied, type UntilApplied, type UntilAppliedOptions } from './waiting/until-applied.ts'

export interface ServedReads<Document> extends Reads<Document> {
  readonly untilApplied: UntilApplied
}

export interface ServedReadsOptions {
  readonly collectionOf: CollectionOf
  readonly serving: (name: string) => Serving | Promise<Serving>
  /** A read that took longer is answered 503. */
  readonly timeoutMs: number
  readonly log: Logger
  readonly room: WaitingRoom
  readonly notices: Pick<Notices, 'listen'>
  /** Told of every read with a token. Must not throw. */
  readonly onWaited?: UntilAppliedOptions['onWaited']
}

const lookAgainMs = 20

/**
 * Reads of whatever generation serves the read model. Right after a switch nobody is shown less than before: where the
 * generation that was read until then is ahead, by the milliseconds that the two are apart, the read waits for the new
 * one, and goes to the old one if that takes too long.
 */
export function createServedReads<Document>(
  name: string,
  options: ServedReadsOptions,
): ServedReads<Document> {
  const { timeoutMs } = options
  const made = new Map<string, Reads<Document>>()

  function readsOf({ collection }: ReadModel): Reads<Document> {
    const known = made.get(collection)
    if (known) return known
    const reads = createReads<Document>(options.collectionOf(collection), options)
    made.set(collection, reads)
    return reads
  }

  async function now(): Promise<{ reads: Reads<Document>; before: Reads<Document> | undefined }> {
    const { model, before } = await bounded(options.serving(name))
    return { reads: readsOf(model), before: before && readsOf(before) }
  }

  /** The store has not been asked yet, and does not answer. */
  async function bounded(serving: Serving | Promise<Serving>): Promise<Serving> {
    if (!(serving instanceof Promise)) return serving
    return withTimeout(serving, timeoutMs, 'looking up the read model').catch(() => {
      throw new HttpProblem('unavailable', { detail: 'the store of the read side does not answer' })
    })
  }

  async function ahead(ids: readonly string[], reads: Reads<Document>, before: Reads<Document>) {
    const deadlineMs = performance.now() + timeoutMs / 2
    for (;;) {
      // In this order: what the old one shows later does not count.
      const shown = await before.versions(ids)
      const own = await reads.versions(ids)
      if (ids.every((id) => (shown.get(id) ?? 0) <= (own.get(id) ?? 0))) return reads
      if (performance.now() > deadlineMs) return before
      await delay(lookAgainMs)
    }
  }

  async function parked(aggregateIds: readonly string[]) {
    const { model } = await bounded(options.serving(name))
    return withTimeout(
      parkedVersions(options.collectionOf, model.group, aggregateIds),
      timeoutMs,
      'looking for parked events',
    )
  }

  function serves(collection: string): boolean {
    const serving = options.serving(name)
    return (
      !(serving instanceof Promise) && serving.model.collection === collection && serving.before === undefined
    )
  }

  const served: Reads<Document> = {
    async byId(id, fields) {
      const { reads, before } = await now()
      return (before ? await ahead([id], reads, before) : reads).byId(id, fields)
    },
    async versionOf(id) {
      const { reads, before } = await now()
      return (before ? await ahead([id], reads, before) : reads).versionOf(id)
    },
    async page(request) {
      const { reads, before } = await now()
      if (!before) return reads.page(request)
      const pages = await Promise.all([reads.page(request), before.page(request)])
      const ids = new Set(pages.flat().map(({ _id }) => _id))
      return (await ahead([...ids], reads, before)).page(request)
    },
    async versions(ids) {
      const { reads, before } = await now()
      return (before ? await ahead(ids, reads, before) : reads).versions(ids)
    },
  }
  const untilApplied = createUntilApplied({ ...options, versions: served.versions, parked, serves })
  return { ...served, untilApplied }
}

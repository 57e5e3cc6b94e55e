import { HttpProblem } from '../../shared/http/problem.ts'
import { unlessAborted } from '../../shared/process/abort.ts'
import { delay, TimeoutError, withTimeout } from '../../shared/process/backoff.ts'
import type { Notices } from './notices.ts'
import type { WaitingRoom } from './room.ts'

/** A write as one read model shows it. */
export interface Mark {
  /** Of the document. */
  readonly id: string
  readonly aggregateId: string
  readonly version: number
}

export interface WaitLimits {
  readonly waitMs: number
  /** The reader has left. */
  readonly signal: AbortSignal
}

export interface UntilAppliedOptions {
  readonly room: WaitingRoom
  readonly notices: Pick<Notices, 'listen'>
  /** Of documents, by id, tombstones too, in what serves the reads now. @throws when the store is away */
  readonly versions: (ids: readonly string[]) => Promise<ReadonlyMap<string, number>>
  /** `<aggregate id> <version>` of what is parked. @throws when the store is away */
  readonly parked: (aggregateIds: readonly string[]) => Promise<ReadonlySet<string>>
  /** Whether this collection alone serves the reads now. */
  readonly serves: (collection: string) => boolean
  /** Told of every wait. Must not throw. */
  readonly onWaited?: ((outcome: WaitOutcome, seconds: number) => void) | undefined
}

export type WaitOutcome = 'applied' | 'parked' | 'timed-out' | 'no-place' | 'left' | 'failed'

/**
 * Resolves when a write is applied, a deletion by its tombstone.
 * @throws HttpProblem `parked` when it cannot be, `not-yet-applied` when it takes too long or the process stops or too
 * many wait already, `unavailable` when the store is away
 */
export type UntilApplied = (mark: Mark, limits: WaitLimits) => Promise<void>

interface Waiter {
  readonly mark: Mark
  readonly done: PromiseWithResolvers<'applied' | 'parked' | 'stopped'>
}

const pollMinMs = 20
const pollMaxMs = 100
/** Looks at what is parked: the first, and then each so-and-so-manieth. */
const parkedEvery = 5

/**
 * One for each read model. Told at once of what this process applies; what another replica applies is found by one look
 * at the store for all who wait, so that a thousand of them cost no more than one.
 */
export function createUntilApplied(options: UntilAppliedOptions): UntilApplied {
  const { room, notices, versions, parked, serves } = options
  const waiters = new Set<Waiter>()
  const byId = new Map<string, Set<Waiter>>()
  let pollMs = pollMinMs
  let isPolling = false

  notices.listen((collection, id, version) => {
    const here = byId.get(id)
    if (here === undefined || !serves(collection)) return
    for (const { mark, done } of here) if (version >= mark.version) done.resolve('applied')
  })

  async function poll(): Promise<void> {
    if (isPolling) return
    isPolling = true
    for (let round = 0; waiters.size > 0; round++) {
      await delay(pollMs)
      pollMs = Math.min(pollMaxMs, pollMs * 1.5)
      // A failure ends nobody's wait: the store may be back before its time is up.
      await look([...waiters], round % parkedEvery === 0).catch(() => {})
    }
    isPolling = false
  }

  async function look(waiting: readonly Waiter[], withParked: boolean): Promise<void> {
    const ids = [...new Set(waiting.map(({ mark }) => mark.id))]
    const aggregateIds = [...new Set(waiting.map(({ mark }) => mark.aggregateId))]
    const [stored, stuck] = await Promise.all([versions(ids), withParked ? parked(aggregateIds) : undefined])
    for (const { mark, done } of waiting) {
      if ((stored.get(mark.id) ?? 0) >= mark.version) done.resolve('applied')
      else if (stuck?.has(`${mark.aggregateId} ${mark.version}`)) done.resolve('parked')
    }
  }

  function add(waiter: Waiter): void {
    waiters.add(waiter)
    const here = byId.get(waiter.mark.id)
    if (here) here.add(waiter)
    else byId.set(waiter.mark.id, new Set([waiter]))
  }

  function remove(waiter: Waiter): void {
    waiters.delete(waiter)
    const here = byId.get(waiter.mark.id)
    here?.delete(waiter)
    if (here?.size === 0) byId.delete(waiter.mark.id)
  }

  return async (mark, limits) => {
    const startedAtMs = performance.now()
    const { outcome, error } = await waitFor(mark, limits)
    options.onWaited?.(outcome, (performance.now() - startedAtMs) / 1_000)
    if (outcome !== 'applied') throw error
  }

  /** Never rejects. */
  async function waitFor(mark: Mark, { waitMs, signal }: WaitLimits): Promise<Waited> {
    const waiter: Waiter = { mark, done: Promise.withResolvers() }
    // Before the first look, which what is applied meanwhile would escape.
    add(waiter)
    let leave: (() => void) | undefined
    try {
      const isPatient = waitMs > 0
      if (((await versions([mark.id])).get(mark.id) ?? 0) >= mark.version) return { outcome: 'applied' }
      if (isPatient) {
        leave = room.enter(() => waiter.done.resolve('stopped'))
        if (leave === undefined)
          return {
            outcome: 'no-place',
            error: notYet('this process has no place for another reader that waits'),
          }
        pollMs = pollMinMs
        void poll()
      } else {
        await look([waiter], true)
        waiter.done.resolve('stopped')
      }
      const found = await withTimeout(unlessAborted(waiter.done.promise, signal), waitMs, 'a write')
      if (found === 'applied') return { outcome: 'applied' }
      if (found === 'parked') return { outcome: 'parked', error: new HttpProblem('parked') }
      return { outcome: isPatient ? 'left' : 'timed-out', error: notYet('ask again') }
    } catch (error) {
      return error instanceof TimeoutError
        ? { outcome: 'timed-out', error: notYet('it was waited for as long as was allowed') }
        : { outcome: 'failed', error }
    } finally {
      leave?.()
      remove(waiter)
    }
  }
}

interface Waited {
  readonly outcome: WaitOutcome
  /** What the reader is told where it is not applied. */
  readonly error?: unknown
}

const notYet = (detail: string) => new HttpProblem('not-yet-applied', { detail })

import { delay, retryUntil, withTimeout } from '../../../shared/process/backoff.ts'
import type { Runnable } from '../../../shared/process/lifecycle.ts'
import type { Logger } from '../../../shared/process/log.ts'
import type { CollectionOf } from '../collection-of.ts'
import { applyBatch } from '../apply.ts'
import type { PauseSwitch } from '../pause.ts'
import { Poison } from '../prepare.ts'
import type { ReadModel } from '../read-model.ts'
import type { StoreWriter } from '../store-writer.ts'
import type { Attempts } from './attempts.ts'
import { deliveredMessage, makeParkingIndexes, parkedEvents, type ParkedEvent } from './parked-events.ts'
import { killerCode, killerDetail, planAttempts } from './plan-attempts.ts'
import type { Turns } from './turns.ts'

export interface ReleaseOptions {
  readonly collectionOf: CollectionOf
  /** Those that are fed now. */
  readonly models: () => readonly ReadModel[]
  readonly write: StoreWriter['write']
  readonly attempts: Attempts
  readonly attemptsMax: number
  readonly turns: Turns
  readonly pause: Pick<PauseSwitch, 'paused'>
  /** Unique among the replicas. */
  readonly replica: string
  readonly log: Logger
  /** Must not throw. */
  readonly onReleased: (group: string, count: number) => void
}

/**
 * Applies the parked events that an operator marked, through the gate: where a later state of the document is there by
 * now, nothing changes. An event leaves `parked_events` after it is in the store; where it cannot be applied still, its
 * mark is cleared and the reason noted.
 *
 * Attempts are noted before, as in careful mode. Those of a batch that ended the process are tried again alone, so that
 * the one to blame ends it `attemptsMax` times and no more, and the others pass. Replicas share the work by claims that
 * expire; an event that two of them apply is as well off as one that was delivered twice.
 */
export function createReleases(options: ReleaseOptions): Runnable & { sweep(): Promise<number> } {
  const { collectionOf, models, pause, replica, log } = options
  const stopping = new AbortController()
  const { signal } = stopping
  let running: Promise<void> | undefined

  /** @returns how many events it claimed */
  async function sweep(): Promise<number> {
    const groups = models().map(({ group }) => group)
    const claimed = await claim(collectionOf, { groups, replica })
    for (const model of models()) {
      const parked = claimed.filter(({ group }) => group === model.group)
      if (parked.length > 0) await options.turns.alone(signal, () => release(model, parked, options))
    }
    return claimed.length
  }

  async function run(): Promise<void> {
    const untilMade = { signal, baseMs: 500, maxMs: 30_000, onFailure() {} }
    await retryUntil(() => makeParkingIndexes(collectionOf), untilMade)
    let isFailing = false
    for (let looks = 0; !signal.aborted; looks++) {
      let count = 0
      try {
        if (!pause.paused) count = await sweep()
        if (looks % attemptSweepLooks === 0) await options.attempts.sweep()
        isFailing = false
      } catch (error) {
        if (!isFailing) log.warn('parked events could not be looked at', { error })
        isFailing = true
      }
      if (count < claimMax) await delay(lookMs, signal)
    }
  }

  return {
    name: 'releases',
    sweep,
    start() {
      running ??= run()
    },
    async stop() {
      stopping.abort()
      // It may be waiting for an answer of the store, for longer than a stop has.
      if (running) await withTimeout(running, 3_000, 'stopping').catch(() => {})
    },
  }
}

/** Takes up to a hundred marked events for this replica. */
async function claim(
  collectionOf: CollectionOf,
  { groups, replica }: { groups: readonly string[]; replica: string },
): Promise<readonly ParkedEvent[]> {
  const collection = parkedEvents(collectionOf)
  const now = new Date()
  const isFree = [{ claimed_until: { $exists: false } }, { claimed_until: { $lt: now.toISOString() } }]
  const marked = { release_requested_at: { $exists: true }, group: { $in: [...groups] } }
  const found = await collection
    .find({ ...marked, $or: isFree }, { projection: { _id: 1 } })
    .limit(claimMax)
    .toArray()
  if (found.length === 0) return []
  const claimed_by = `${replica} ${now.toISOString()}`
  const claimed_until = new Date(now.getTime() + claimMs).toISOString()
  await collection.updateMany(
    { _id: { $in: found.map(({ _id }) => _id) }, release_requested_at: { $exists: true }, $or: isFree },
    { $set: { claimed_by, claimed_until } },
  )
  return collection.find({ claimed_by }).toArray()
}

/** @throws when the store is away: the claim expires, and the marks bring them back */
async function release(
  model: ReadModel,
  parked: readonly ParkedEvent[],
  options: ReleaseOptions,
): Promise<void> {
  const { attempts, attemptsMax } = options
  const fatal = await attempts.fatal(parked.map(keyOf))
  for (const step of planAttempts(parked, fatal, attemptsMax)) {
    const keys = step.items.map(keyOf)
    if (step.isKiller)
      await refuse(step.items[0]!, { code: killerCode, detail: killerDetail(step.fatal) }, options)
    else
      try {
        await attempts.begin(keys)
        await applyParked(model, step.items, options)
      } catch (error) {
        await attempts.withdraw(keys)
        throw error
      }
    attempts.forget(keys)
  }
}

const keyOf = (parked: ParkedEvent) => parked._id

async function applyParked(
  model: ReadModel,
  batch: readonly ParkedEvent[],
  options: ReleaseOptions,
): Promise<void> {
  const { items } = await applyBatch(model, batch.map(deliveredMessage), options.write)
  const done = batch.filter((_, index) => !(items[index] instanceof Poison)).map(keyOf)
  const { deletedCount } = await parkedEvents(options.collectionOf).deleteMany(
    { _id: { $in: done } },
    durable,
  )
  if (deletedCount > 0) {
    options.onReleased(model.group, deletedCount)
    options.log.info('released parked events', { group: model.group, count: deletedCount })
  }
  for (const [index, item] of items.entries())
    if (item instanceof Poison) await refuse(batch[index]!, item, options)
}

/** Takes the mark off: only another one brings it back. */
async function refuse(
  { _id, group, event_type }: ParkedEvent,
  { code, detail }: { readonly code: string; readonly detail: string },
  { collectionOf, log }: ReleaseOptions,
): Promise<void> {
  const last_error = { code, detail, at: new Date().toISOString() }
  await parkedEvents(collectionOf).updateOne({ _id }, { $set: { last_error }, $unset: unmarked }, durable)
  log.warn('a parked event still cannot be applied', { id: _id, group, type: event_type, code, detail })
}

const lookMs = 1_000
const claimMax = 100
const claimMs = 60_000
const attemptSweepLooks = 600
const unmarked = { release_requested_at: '', claimed_by: '', claimed_until: '' } as const
const durable = { writeConcern: { w: 'majority' as const } }

import { delay, withTimeout } from '../../shared/process/backoff.ts'
import { settledOrAborted, unlessAborted } from '../../shared/process/abort.ts'
import type { Check } from '../../shared/process/health.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import type { Logger } from '../../shared/process/log.ts'
import type { CollectionOf } from './collection-of.ts'

export interface Pause {
  /** ISO 8601. */
  readonly at: string
  readonly by: string
  readonly reason: string
}

/**
 * Whether an operator paused projecting, in all replicas and read models; looked up every second. While the store is
 * away the last answer holds.
 */
export interface PauseSwitch extends Runnable {
  readonly paused: Pause | undefined
  /** Resolves when it is known that nobody paused, or `signal` is aborted. */
  whenOpen(signal: AbortSignal): Promise<void>
}

const lookMs = 1_000
/** Nothing is consumed before the first answer. */
const firstLookMs = 100
const timeoutMs = 5_000

export function createPauseSwitch({
  collectionOf,
  log,
}: {
  readonly collectionOf: CollectionOf
  readonly log: Logger
}): PauseSwitch {
  const stopping = new AbortController()
  const { signal } = stopping
  let isKnown = false
  let paused: Pause | undefined
  let changed = Promise.withResolvers<void>()
  let running: Promise<void> | undefined

  const isOpen = () => isKnown && paused === undefined

  async function look(): Promise<void> {
    const found = await withTimeout(readPause(collectionOf), timeoutMs, 'reading the pause')
    if (isKnown && found?.at === paused?.at) return
    if (found) log.warn('projecting is paused', { ...found })
    else if (paused) log.info('projecting is resumed')
    paused = found
    isKnown = true
    changed.resolve()
    changed = Promise.withResolvers()
  }

  async function run(): Promise<void> {
    while (!signal.aborted) {
      // A failure shows by itself: the store has a check of its own.
      await settledOrAborted(look(), signal)
      await delay(isKnown ? lookMs : firstLookMs, signal)
    }
  }

  return {
    name: 'pause',
    get paused() {
      return paused
    },
    async whenOpen(waiting) {
      while (!isOpen() && !waiting.aborted) await unlessAborted(changed.promise, waiting)
    },
    start() {
      running ??= run()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

/** @param severity `degraded` where the process can go on answering, `failed` where the question is whether events flow */
export function pauseProbe(pause: Pick<PauseSwitch, 'paused'>, severity: 'degraded' | 'failed') {
  return (): Check => {
    if (pause.paused === undefined) return { name: 'paused', state: 'ok' }
    const { at, by, reason } = pause.paused
    return { name: 'paused', state: severity, reason: 'paused by an operator', since: at, by, why: reason }
  }
}

/** For operators. A pause that is on already is told and stays as it is. @throws when the store is away */
export async function pauseProjector(
  collectionOf: CollectionOf,
  { by, reason }: { by: string; reason: string },
): Promise<Pause> {
  const set = { paused_at: new Date().toISOString(), paused_by: by, reason }
  const found = await control(collectionOf).findOneAndUpdate(
    { _id: id },
    { $setOnInsert: set },
    { upsert: true, returnDocument: 'after', writeConcern: { w: 'majority' } },
  )
  return found ? shown(found) : shown({ _id: id, ...set })
}

/** For operators. @returns the pause that ended, if there was one. @throws when the store is away */
export async function resumeProjector(collectionOf: CollectionOf): Promise<Pause | undefined> {
  const found = await control(collectionOf).findOneAndDelete({ _id: id }, { writeConcern: { w: 'majority' } })
  return found ? shown(found) : undefined
}

/** @throws when the store is away */
export async function readPause(collectionOf: CollectionOf): Promise<Pause | undefined> {
  const found = await control(collectionOf).findOne({ _id: id })
  return found ? shown(found) : undefined
}

interface ControlDocument {
  readonly _id: string
  readonly paused_at: string
  readonly paused_by: string
  readonly reason: string
}

const id = 'projector'
const control = (collectionOf: CollectionOf) => collectionOf<ControlDocument>('projector_control')
const shown = ({ paused_at, paused_by, reason }: ControlDocument): Pause => ({
  at: paused_at,
  by: paused_by,
  reason,
})

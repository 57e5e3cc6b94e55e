import type { Logger } from '../../../shared/process/log.ts'
import type { Lease } from '../lease.ts'
import type { ReplayGroup } from './groups.ts'
import { logMessages, markerMessages, queuesOf, snapshotMessages } from './messages.ts'
import type { ReplayMetrics } from './metrics.ts'
import { ReplayError, Sender, type ReplayTerm, type Wait } from './sender.ts'
import type { ReplaySources } from './source.ts'
import type { OpenReplay, ReplayStore } from './store.ts'

export interface JobOptions {
  readonly store: ReplayStore
  readonly sources: ReplaySources
  readonly metrics: ReplayMetrics
  /** Most messages in a window. */
  readonly windowMax: number
  readonly windowBytesMax: number
  /** Most messages in a queue before its consumers are waited for. */
  readonly depthMax: number
  readonly log: Logger
}

export type Step = Wait | { readonly kind: 'more' } | { readonly kind: 'over' }

/** Where a replay stands: everything before it was confirmed. */
type Place =
  | { readonly phase: 'waiting' }
  | { readonly phase: 'snapshot'; readonly after: string | undefined }
  | { readonly phase: 'log'; readonly after: number }
  | { readonly phase: 'markers' }
  | { readonly phase: 'over' }

/**
 * One replay under way, or several that go together: the current state, the log, the markers, window by window.
 * Deletes come from the log alone, so what was deleted below its floor is not told: a read model that kept such a
 * document is mended by comparing it with the state. Progress is stored after the confirms, not after each window:
 * whoever goes on repeats a little and leaves nothing out, and repeats are harmless.
 */
export class Job {
  private place: Place
  /** Where it stands once what the sender has is confirmed. */
  private next: Place
  private sent: number
  private head: number
  private logAfter: number
  private stored: Place | undefined
  private storedAtMs = -Infinity
  private readonly sender: Sender
  /** Stands for all of them, also when none of them is left. */
  private readonly first: OpenReplay

  constructor(
    private group: ReplayGroup,
    private readonly options: JobOptions,
  ) {
    const first = (this.first = group.members[0]!)
    this.place = this.next = placeOf(first)
    this.sent = first.sent
    this.head = first.head ?? 0
    this.logAfter = first.logAfter ?? 0
    this.sender = new Sender(queuesOf(group), options.depthMax)
  }

  get hasBegun(): boolean {
    return this.place.phase !== 'waiting'
  }

  get ids(): readonly string[] {
    return this.group.members.map(({ id }) => id)
  }

  get progress() {
    const { id, group, aggregate, scope } = this.first
    const requests = this.group.members.length
    return { id, group, aggregate, scope: scope.kind, phase: this.place.phase, sent: this.sent, requests }
  }

  /**
   * One window.
   * @throws when the database does not answer: nothing changed, call it again
   * @throws ReplayError when it can never succeed
   */
  async step(term: ReplayTerm): Promise<Step> {
    const hindrance = await this.sender.hindrance(term)
    if (hindrance) {
      const stored = await this.store(term)
      return stored.kind === 'over' ? stored : hindrance
    }
    if (this.sender.isEmpty) await this.prepare(term)
    const { confirmed, skipped, failure } = await this.sender.flush(term)
    const { metrics, log } = this.options
    metrics.sent.inc(confirmed)
    metrics.skipped.inc(skipped.length)
    if (skipped.length > 0)
      log.error('events that cannot be encoded were left out', { ...this.progress, skipped })
    if (this.place.phase !== 'markers') this.sent += confirmed
    if (failure) return failure
    this.place = this.next
    return this.store(term)
  }

  /** Ends it for good. @throws when the database does not answer */
  async finish({ lease }: ReplayTerm, error?: string): Promise<Step> {
    const { ids, sent, progress } = this
    const { store, metrics, log } = this.options
    await store.finish({ token: lease.token, ids, sent, error })
    metrics.finished.inc({ outcome: error === undefined ? 'done' : 'failed' }, ids.length)
    if (error === undefined) log.info('a replay is done', progress)
    else log.error('a replay failed', { ...progress, reason: error })
    return { kind: 'over' }
  }

  /** Reads the next window, or decides what comes next. */
  private async prepare(term: ReplayTerm): Promise<void> {
    const { place, group } = this
    switch (place.phase) {
      case 'waiting':
        return this.begin(term, group.from)
      case 'snapshot': {
        const { source } = this
        const batch = await this.options.store.readState({ ...this.bounds, source, after: place.after })
        this.sender.put(snapshotMessages(batch.rows, source, group))
        this.next = batch.next === undefined ? this.toLog() : { phase: 'snapshot', after: batch.next }
        return
      }
      case 'log':
        return this.prepareLog(term, place.after)
      case 'markers': {
        const { sent, head } = this
        this.sender.put(markerMessages(group, { sent, head, now: new Date().toISOString() }))
        this.next = { phase: 'over' }
        return
      }
      case 'over':
        return
      default:
        place satisfies never
    }
  }

  private async begin({ lease }: ReplayTerm, from: number | undefined): Promise<void> {
    const { store, log } = this.options
    const begun = await store.begin({ token: lease.token, ids: this.ids, from })
    this.keepOnly(begun?.ids, lease)
    if (!begun) return
    this.head = begun.head
    this.logAfter = begun.logAfter
    this.next = begun.phase === 'log' ? this.toLog() : { phase: 'snapshot', after: undefined }
    log.info('a replay begins', { ...this.progress, head: begun.head })
  }

  private async prepareLog(term: ReplayTerm, after: number): Promise<void> {
    const { store } = this.options
    const { aggregate } = this.first
    const batch = await store.readLog({ ...this.bounds, aggregate, after, upTo: this.head })
    // Dropped before it was registered as a reader: the current state holds what is missing of it.
    if (this.group.from !== undefined && batch.floor > after + 1) return this.begin(term, undefined)
    this.sender.put(logMessages(batch.rows, this.group))
    this.next = batch.through < this.head ? { phase: 'log', after: batch.through } : { phase: 'markers' }
  }

  private async store(term: ReplayTerm): Promise<Step> {
    const { place, ids, sent } = this
    if (ids.length === 0) return { kind: 'over' }
    switch (place.phase) {
      case 'waiting':
        return { kind: 'more' }
      case 'over':
        return this.finish(term)
      case 'snapshot':
      case 'log':
      case 'markers': {
        const isSoon = place.phase !== 'markers' && performance.now() - this.storedAtMs < storeEveryMs
        if (isSoon || place === this.stored) return { kind: 'more' }
        const { phase } = place
        const position = 'after' in place ? place.after?.toString() : undefined
        const { token } = term.lease
        this.keepOnly(await this.options.store.advance({ token, ids, phase, position, sent }), term.lease)
        this.stored = place
        this.storedAtMs = performance.now()
        return { kind: this.ids.length > 0 ? 'more' : 'over' }
      }
      default:
        return place satisfies never
    }
  }

  /** The others were cancelled. */
  private keepOnly(open: readonly string[] | undefined, lease: Lease): void {
    if (!open) lease.lose()
    this.group = { ...this.group, members: this.group.members.filter(({ id }) => open?.includes(id)) }
  }

  private toLog(): Place {
    return this.logAfter < this.head ? { phase: 'log', after: this.logAfter } : { phase: 'markers' }
  }

  private get source() {
    const source = this.options.sources.get(this.first.aggregate)
    if (!source) throw new ReplayError(`there is no aggregate ${this.first.aggregate}`)
    return source
  }

  private get bounds() {
    const { windowMax: limit, windowBytesMax: bytesMax } = this.options
    return { limit, bytesMax, ids: this.group.ids }
  }
}

function placeOf({ phase, position, logAfter }: OpenReplay): Place {
  switch (phase) {
    case 'snapshot':
      return { phase, after: position ?? undefined }
    case 'log':
      return { phase, after: position === null ? (logAfter ?? 0) : Number(position) }
    case 'waiting':
    case 'markers':
      return { phase }
    default:
      return phase satisfies never
  }
}

/** So much is sent again after a change of relay, at the most. */
const storeEveryMs = 500

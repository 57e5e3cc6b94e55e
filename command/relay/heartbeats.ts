import {
  heartbeatRoutingKey,
  heartbeatType,
  type Heartbeat,
  type LastEvent,
} from '../../shared/messaging/names.ts'
import { backoffMs } from '../../shared/process/backoff.ts'
import type { Logger } from '../../shared/process/log.ts'
import type { Fate, Message, Publisher } from './publisher.ts'
import type { RelayStatus } from './status.ts'
import type { EventMessage } from './window.ts'

export interface HeartbeatOptions {
  /** Fencing token of the term. */
  readonly term: number
  readonly publisher: Publisher
  readonly partitions: number
  readonly intervalMs: number
  readonly status: RelayStatus
  readonly log: Logger
  /** Ends waiting for better times. */
  readonly halt: AbortSignal
}

/**
 * One message per partition through the whole pipeline, every few seconds after a successful poll: whoever reads them
 * sees a stalled relay and a lost queue, which no other check does. One that is returned or nacked is an alarm and no
 * more, since it carries nothing that could be lost.
 *
 * On each new connection they are the probe of the topology, before the first event: until each partition took one, or
 * an event got through, they are tried again sooner, and the exchange is declared anew before.
 */
export class Heartbeats {
  private nextAtMs = 0
  private failures = 0
  private number = 0
  /** The connection on which the last ones were sent. */
  private triedOn = 0
  /** By partition, then by aggregate. */
  private readonly last: Record<string, LastEvent>[] = []

  constructor(private readonly options: HeartbeatOptions) {}

  /** At once on a new connection; without a connection it stays due. */
  get isDue(): boolean {
    const { connected, connection } = this.options.publisher.state
    return connected && (performance.now() >= this.nextAtMs || this.triedOn !== connection)
  }

  /** Something got through on this connection: windows may be sent whole. */
  get isProven(): boolean {
    const { publisher, status } = this.options
    return status.heartbeat.provenOn === publisher.state.connection
  }

  /** Told of each event once, when it is confirmed, so that the heartbeats after it can name it. */
  confirmed(messages: readonly EventMessage[]): void {
    const { publisher, status } = this.options
    if (!this.isProven) status.heartbeat = { ...status.heartbeat, provenOn: publisher.state.connection }
    for (const { partition, aggregate, aggregateId: id, seq, version } of messages) {
      const last = (this.last[partition] ??= {})
      const before = last[aggregate]
      const count = (before?.count ?? 0) + 1
      // An event that was held back comes with an older position than what went ahead of it.
      last[aggregate] = before && before.seq > seq ? { ...before, count } : { seq, count, id, version }
    }
  }

  async send(seen: { head: number; cursor: number }, signal: AbortSignal): Promise<readonly Fate[]> {
    const { publisher, partitions, intervalMs, status, log, halt } = this.options
    if (!this.isProven && this.triedOn === publisher.state.connection) await publisher.restore(halt)
    const { connection } = publisher.state
    this.triedOn = connection
    this.nextAtMs = performance.now() + intervalMs
    status.waitingSinceMs ??= performance.now()
    const messages = Array.from({ length: partitions }, (_, partition) => this.message(partition, seen))
    const fates = await publisher.publish(messages, signal)
    if (signal.aborted) return fates
    status.waitingSinceMs = undefined
    const trouble = troubleOf(fates)
    if (trouble && trouble !== status.heartbeat.trouble)
      log.warn('heartbeats do not get through', { trouble })
    const { confirmedAtMs, provenOn } = status.heartbeat
    status.heartbeat = trouble
      ? { confirmedAtMs, trouble, provenOn }
      : { confirmedAtMs: performance.now(), trouble, provenOn: connection }
    this.failures = trouble ? this.failures + 1 : 0
    if (!this.isProven)
      this.nextAtMs =
        performance.now() + backoffMs(this.failures, { baseMs: 100, maxMs: intervalMs }, Math.random())
    return fates
  }

  /**
   * One heartbeat on one partition, to learn whether the broker takes messages there again; one on each where the
   * connection is new.
   */
  async probe(partition: number, signal: AbortSignal): Promise<Fate> {
    const { publisher, status } = this.options
    const seen = { head: status.readSeq, cursor: status.confirmedSeq }
    if (this.triedOn !== publisher.state.connection) {
      const { waitingSinceMs } = status
      const fates = await this.send(seen, signal)
      // Events still wait.
      status.waitingSinceMs = waitingSinceMs
      return fates[partition] ?? 'unknown'
    }
    const [fate] = await publisher.publish([this.message(partition, seen)], signal)
    return fate ?? 'unknown'
  }

  private message(partition: number, { head, cursor }: { head: number; cursor: number }): Message {
    const { partitions, intervalMs, status, term } = this.options
    const last = this.last[partition]
    const body: Heartbeat = {
      type: heartbeatType,
      time: new Date().toISOString(),
      head,
      cursor,
      term,
      number: ++this.number,
      ...(last ? { last } : undefined),
      ...(status.observation?.paused ? { paused: true } : undefined),
    }
    return {
      id: crypto.randomUUID(),
      type: heartbeatType,
      routingKey: heartbeatRoutingKey(partition, partitions),
      contentType: 'application/json',
      body: JSON.stringify(body),
      // A group that is away for a day must not find a day's heartbeats before its first event.
      expiresAfterMs: intervalMs * 30,
    }
  }
}

function troubleOf(fates: readonly Fate[]): string | undefined {
  const where = (fate: Fate) => fates.flatMap((found, partition) => (found === fate ? [partition] : []))
  const returned = where('returned')
  if (returned.length > 0) return `no queue takes the heartbeats of partitions ${returned.join(', ')}`
  const nacked = where('nacked')
  if (nacked.length > 0) return `queues of partitions ${nacked.join(', ')} refuse heartbeats`
  return fates.every((fate) => fate === 'confirmed') ? undefined : 'the broker did not confirm the heartbeats'
}

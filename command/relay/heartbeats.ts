import {
  heartbeatRoutingKey,
  heartbeatType,
  type Heartbeat,
  type LastEvent,
} from '../../shared/messaging/names.ts'
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
}

/**
 * One message per partition through the whole pipeline, every few seconds after a successful poll: whoever reads them
 * sees a stalled relay and a lost queue, which no other check does. One that is returned or nacked is an alarm and no
 * more, since it carries nothing that could be lost.
 */
export class Heartbeats {
  private nextAtMs = 0
  /** By partition, then by aggregate. */
  private readonly last: Record<string, LastEvent>[] = []

  constructor(private readonly options: HeartbeatOptions) {}

  /** Without a connection it stays due. */
  get isDue(): boolean {
    return this.options.publisher.state.connected && performance.now() >= this.nextAtMs
  }

  /** Told of each event once, when it is confirmed, so that the heartbeats after it can name it. */
  confirmed(messages: readonly EventMessage[]): void {
    for (const { partition, aggregate, aggregateId: id, seq, version } of messages) {
      const last = (this.last[partition] ??= {})
      const before = last[aggregate]
      const count = (before?.count ?? 0) + 1
      // An event that was held back comes with an older position than what went ahead of it.
      last[aggregate] = before && before.seq > seq ? { ...before, count } : { seq, count, id, version }
    }
  }

  async send(seen: { head: number; cursor: number }, signal: AbortSignal): Promise<void> {
    const { publisher, partitions, intervalMs, status, log } = this.options
    this.nextAtMs = performance.now() + intervalMs
    status.waitingSinceMs ??= performance.now()
    const messages = Array.from({ length: partitions }, (_, partition) => this.message(partition, seen))
    const fates = await publisher.publish(messages, signal)
    if (signal.aborted) return
    status.waitingSinceMs = undefined
    const trouble = troubleOf(fates)
    if (trouble && trouble !== status.heartbeat.trouble)
      log.warn('heartbeats do not get through', { trouble })
    const confirmedAtMs = trouble ? status.heartbeat.confirmedAtMs : performance.now()
    status.heartbeat = { confirmedAtMs, trouble }
  }

  /** One heartbeat on one partition, to learn whether the broker takes messages there again. */
  async probe(partition: number, signal: AbortSignal): Promise<Fate> {
    const { publisher, status } = this.options
    const seen = { head: status.readSeq, cursor: status.confirmedSeq }
    const [fate] = await publisher.publish([this.message(partition, seen)], signal)
    return fate ?? 'unknown'
  }

  private message(partition: number, { head, cursor }: { head: number; cursor: number }): Message {
    const { partitions, intervalMs, term } = this.options
    const last = this.last[partition]
    const body: Heartbeat = {
      type: heartbeatType,
      time: new Date().toISOString(),
      head,
      cursor,
      term,
      ...(last ? { last } : undefined),
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

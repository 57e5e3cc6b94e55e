import type { AMQPMessage } from '@cloudamqp/amqp-client'
import { withTimeout } from '../../shared/process/backoff.ts'
import { answerTimeoutMs, closeChannel, onChannelLost, type Connection } from './broker.ts'
import { createInbox } from './inbox.ts'
import type { Attempts } from './parking/attempts.ts'
import type { Parking } from './parking/parked-events.ts'
import type { Turns } from './parking/turns.ts'
import { markEnded, markSubscribed, type PartitionState } from './partition-state.ts'
import type { Poison, Prepared } from './prepare.ts'
import type { ReadModel } from './read-model.ts'
import type { StoreWriter, WriteOutcome } from './store-writer.ts'
import { applyAll } from './worker.ts'

export interface ConsumerOptions {
  readonly model: ReadModel
  readonly state: PartitionState
  readonly write: StoreWriter['write']
  /** Longest that a message may be unacknowledged before the broker takes the queue away. */
  readonly holdMaxMs: number
  /** Most unacknowledged messages. */
  readonly prefetch: number
  /** Most messages in one write. */
  readonly batchMax: number
  readonly parking: Parking
  readonly attempts: Attempts
  /** Processes that may end over a message before it is parked. */
  readonly attemptsMax: number
  /** The whole process's. */
  readonly turns: Turns
  /** Told of what is in the store, and will be acknowledged. Must not throw. */
  readonly onApplied: (done: Done) => void
  /** Asked once it is subscribed: false where it has become unwanted meanwhile, and is to apply nothing. */
  readonly isWanted: () => boolean
  /** Made anew for each subscription. */
  readonly inspector: () => Inspector
  /** Told when a write failed and will be tried again. Must not throw. */
  readonly onWriteFailed: (error: unknown, nextMs: number) => void
  /** Told when a message was parked. Must not throw. */
  readonly onParked: (poison: Poison) => void
  /** Told each time a message stops the partition, as there is no room to park it. Must not throw. */
  readonly onStopped: (poison: Poison, nextMs: number) => void
}

/**
 * Looks at all that is acknowledged together when it is in the store or parked, in order. Must not throw.
 * @returns what else must be in the store before the acknowledgement: tried until it succeeds
 */
export type Inspector = (items: Done['items']) => (() => Promise<void>) | undefined

export interface Done {
  /** One for each message, in order: what is in the store now, or why it is parked. */
  readonly items: readonly (Prepared | Poison)[]
  readonly outcome: WriteOutcome
}

/** A subscription to one queue, from its channel's opening to its end; never used again after that. */
export interface Consumer {
  /** Resolves with the reason when the channel is gone, whoever closed it; never rejects. */
  readonly ended: Promise<string>
  /** Gives the channel back without waiting for anything: unacknowledged events go to whoever comes next. */
  abandon(reason: string): void
  /** Finishes the write in hand, acknowledges it and closes the channel; abandons it after `timeoutMs`. */
  drain(timeoutMs: number, reason?: string): Promise<void>
}

/**
 * Subscribes to the partition's queue on a channel of its own, since `multiple` acknowledges everything on a channel.
 * @throws when the broker refuses or does not answer
 */
export async function openConsumer(connection: Connection, options: ConsumerOptions): Promise<Consumer> {
  const { state } = options
  const channel = await connection.channel()
  const inbox = createInbox<AMQPMessage>()
  const end = Promise.withResolvers<string>()
  const over = new AbortController()
  const leaving = new AbortController()
  onChannelLost(channel, finish)
  try {
    await withTimeout(subscribe(), answerTimeoutMs, 'subscribing')
    if (over.signal.aborted) throw new Error('the channel was lost at once')
  } catch (error) {
    await closeChannel(channel)
    throw error
  }
  if (!options.isWanted()) leaving.abort()
  markSubscribed(state)
  const working = applyAll(inbox, {
    ...options,
    inspect: options.inspector(),
    over: over.signal,
    leave: AbortSignal.any([over.signal, leaving.signal]),
    acknowledge(message) {
      // Lost with its channel, it all comes again, and the gate makes that harmless.
      channel.basicAck(message.deliveryTag, true).catch(() => {})
    },
  }).catch((error: unknown) =>
    abandon(`the worker failed: ${error instanceof Error ? error.name : 'unknown'}`),
  )

  return {
    ended: end.promise,
    abandon,
    async drain(timeoutMs, reason = 'drained') {
      if (over.signal.aborted) return
      leaving.abort()
      inbox.close()
      await withTimeout(working, timeoutMs, 'draining').catch(() => {})
      await closeChannel(channel)
      finish(reason)
    },
  }

  async function subscribe(): Promise<void> {
    await channel.prefetch(options.prefetch)
    // No priorities: in RabbitMQ 4.3 one that ends while it is to hand over to a higher priority leaves a consumer behind
    // that nothing can wake. The time-out is for whatever else the broker may believe of one that is gone: its own would
    // hold the partition for half an hour.
    const args = { 'x-consumer-timeout': options.holdMaxMs }
    const consumer = await channel.basicConsume(state.queue, { noAck: false, args }, receive)
    // The broker cancels when the queue is deleted or the consumer timed out, and leaves the channel open.
    consumer.wait().catch((error: Error) => abandon(error.message))
  }

  function receive(message: AMQPMessage): void {
    if (over.signal.aborted) return
    state.deliveredAtMs = performance.now()
    state.activeSinceMs ??= state.deliveredAtMs
    state.workSinceMs ??= state.deliveredAtMs
    if (!inbox.push(message)) abandon('a delivery is missing')
  }

  /** By closing, not by cancelling the consumer with events unacknowledged, which reordered them. */
  function abandon(reason: string): void {
    finish(reason)
    void closeChannel(channel)
  }

  function finish(reason: string): void {
    if (over.signal.aborted) return
    over.abort()
    inbox.close()
    markEnded(state, reason)
    end.resolve(reason)
  }
}

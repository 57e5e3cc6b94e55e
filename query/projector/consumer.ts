import type { AMQPMessage } from '@cloudamqp/amqp-client'
import { withTimeout } from '../../shared/process/backoff.ts'
import { answerTimeoutMs, closeChannel, onChannelLost, type Connection } from './broker.ts'
import { applyAlone } from './careful.ts'
import { createInbox } from './inbox.ts'
import type { Attempts } from './parking/attempts.ts'
import type { Parking } from './parking/parked-events.ts'
import type { Turns } from './parking/turns.ts'
import { markEnded, markSubscribed, type PartitionState } from './partition-state.ts'
import type { Poison, Prepared } from './prepare.ts'
import type { ReadModel } from './read-model.ts'
import type { StoreWriter, WriteOutcome } from './store-writer.ts'
import type { Mode } from './suspects.ts'
import { applyAll } from './worker.ts'

export interface ConsumerOptions {
  readonly model: ReadModel
  readonly state: PartitionState
  readonly write: StoreWriter['write']
  readonly priority: number
  /** Most unacknowledged messages. */
  readonly prefetch: number
  /** Most messages in one write. */
  readonly batchMax: number
  readonly parking: Parking
  readonly attempts: Attempts
  /** Processes that may end over a message before it is parked. */
  readonly attemptsMax: number
  /** For attempts, one at a time in the whole process. */
  readonly turns: Turns
  /** Told of what is in the store and about to be acknowledged. Must not throw. */
  readonly onApplied: (done: Done) => void
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
 * Looks at every batch when all of it is in the store or parked, and before its acknowledgement, in order. Must not
 * throw.
 * @returns what else must be in the store before the batch may be acknowledged: tried until it succeeds
 */
export type Inspector = (done: Done) => (() => Promise<void>) | undefined

export interface Done {
  /** One for each message, in order: what is in the store now, or why it is parked. */
  readonly items: readonly (Prepared | Poison)[]
  readonly outcome: WriteOutcome
}

export interface End {
  readonly reason: string
  /** How to subscribe again. */
  readonly next: Mode
}

/** A subscription to one queue, from its channel's opening to its end; never used again after that. */
export interface Consumer {
  /** Resolves when the channel is gone, whoever closed it; never rejects. */
  readonly ended: Promise<End>
  /** Gives the channel back without waiting for anything: unacknowledged events go to whoever comes next. */
  abandon(reason: string): void
  /** Finishes the write in hand, acknowledges it and closes the channel; abandons it after `timeoutMs`. */
  drain(timeoutMs: number): Promise<void>
}

/**
 * Subscribes to the partition's queue on a channel of its own, since `multiple` acknowledges everything on a channel.
 * @throws when the broker refuses or does not answer
 */
export async function openConsumer(
  connection: Connection,
  mode: Mode,
  options: ConsumerOptions,
): Promise<Consumer> {
  const { state } = options
  const careful = mode === 'careful'
  const channel = await connection.channel()
  const inbox = createInbox<AMQPMessage>()
  const end = Promise.withResolvers<End>()
  const over = new AbortController()
  const leaving = new AbortController()
  let tag = ''
  onChannelLost(channel, (reason) => finish(reason))
  try {
    await withTimeout(subscribe(), answerTimeoutMs, 'subscribing')
    if (over.signal.aborted) throw new Error('the channel was lost at once')
  } catch (error) {
    await closeChannel(channel)
    throw error
  }
  markSubscribed(state, { careful })
  const working = work().catch((error: unknown) =>
    abandon(`the worker failed: ${error instanceof Error ? error.name : 'unknown'}`),
  )

  return {
    ended: end.promise,
    abandon,
    async drain(timeoutMs) {
      if (over.signal.aborted) return
      leaving.abort()
      inbox.close()
      await withTimeout(working, timeoutMs, 'draining').catch(() => {})
      // By closing, not by cancelling the consumer with events unacknowledged, which reordered them.
      await closeChannel(channel)
      finish('drained')
    },
  }

  async function work(): Promise<void> {
    const next = await (careful ? applyAlone : applyAll)(inbox, {
      ...options,
      inspect: options.inspector(),
      over: over.signal,
      leave: AbortSignal.any([over.signal, leaving.signal]),
      acknowledge(message) {
        // Lost with its channel, it all comes again, and the gate makes that harmless.
        channel.basicAck(message.deliveryTag, true).catch(() => {})
      },
      // Refused only with the channel, and then what comes next comes again.
      stopDelivery: () => channel.basicCancel(tag).then(noop, noop),
    })
    if (next === undefined) return
    await closeChannel(channel)
    finish(careful ? 'no suspects any more' : 'suspects: they are applied one by one', next)
  }

  async function subscribe(): Promise<void> {
    await channel.prefetch(careful ? 1 : options.prefetch)
    const args = { 'x-priority': options.priority }
    const consumer = await channel.basicConsume(state.queue, { noAck: false, args }, receive)
    tag = consumer.tag
    // The broker cancels when the queue is deleted or the consumer timed out, and leaves the channel open.
    consumer.wait().catch((error: Error) => abandon(error.message))
  }

  function receive(message: AMQPMessage): void {
    if (over.signal.aborted) return
    state.deliveredAtMs = performance.now()
    state.workSinceMs ??= state.deliveredAtMs
    if (!inbox.push(message)) abandon('a delivery is missing')
  }

  function abandon(reason: string): void {
    finish(reason)
    void closeChannel(channel)
  }

  function finish(reason: string, next: Mode = mode): void {
    if (over.signal.aborted) return
    over.abort()
    inbox.close()
    markEnded(state, reason)
    end.resolve({ reason, next })
  }
}

const noop = () => {}

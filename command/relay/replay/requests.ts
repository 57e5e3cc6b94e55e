import type { AMQPClient, AMQPMessage } from '@cloudamqp/amqp-client'
import { connectAmqp } from '../../../shared/messaging/amqp-connection.ts'
import { requestQueueName } from '../../../shared/messaging/names.ts'
import { declareRequestQueue } from '../../../shared/messaging/request-queue.ts'
import { parseReplayRequest, type ReplayRequest } from '../../../shared/messaging/replay.ts'
import { settledOrAborted } from '../../../shared/process/abort.ts'
import { backoffMs, delay, retryUntil, withTimeout } from '../../../shared/process/backoff.ts'
import type { Logger } from '../../../shared/process/log.ts'
import { reasonOf } from '../broker-trouble.ts'
import { describeTrouble } from '../database-trouble.ts'
import type { ReplayMetrics } from './metrics.ts'
import type { ReplaySources } from './source.ts'
import type { ReplayStore } from './store.ts'

export interface RequestsOptions {
  readonly url: string
  readonly store: ReplayStore
  readonly sources: ReplaySources
  readonly partitions: number
  readonly metrics: ReplayMetrics
  readonly backoffMaxMs: number
  readonly log: Logger
  /** There is something to do. */
  readonly onStored: () => void
}

/**
 * Takes requests from the queue into the store until `signal` is aborted, on a connection of its own. Each is
 * acknowledged after it is stored, so that a crash in between brings it again, and its id makes that harmless.
 */
export async function takeRequests(options: RequestsOptions, signal: AbortSignal): Promise<void> {
  const { url, backoffMaxMs, log } = options
  for (let failures = 0; !signal.aborted; failures++) {
    const lost = Promise.withResolvers<void>()
    let client: AMQPClient | undefined
    try {
      client = await connectAmqp({ url, name: 'relay requests', timeoutMs, onLost: () => lost.resolve() })
      await withTimeout(consume(client, lost.resolve), timeoutMs, 'subscribing')
      failures = 0
      await settledOrAborted(lost.promise, signal)
    } catch (error) {
      log.warn('cannot take requests for replays', { reason: reasonOf(error) })
    } finally {
      // What was not acknowledged goes to whoever leads next.
      if (client) await withTimeout(client.close(), 1_000, 'closing the connection').catch(() => {})
      client?.socket?.destroy()
    }
    await delay(backoffMs(failures, { baseMs: 100, maxMs: backoffMaxMs }, Math.random()), signal)
  }

  async function consume(client: AMQPClient, end: () => void): Promise<void> {
    const channel = await client.channel()
    Object.assign(channel, { onerror: end })
    await declareRequestQueue(channel)
    await channel.prefetch(100)
    let before = Promise.resolve()
    const consumer = await channel.basicConsume(requestQueueName, { noAck: false }, (message) => {
      before = before.then(() => take(message))
    })
    // The broker cancels when the queue is deleted, and leaves the channel open.
    consumer.wait().catch(end)
  }

  async function take(message: AMQPMessage): Promise<void> {
    const outcome = await outcomeOf(message)
    if (outcome === undefined) return
    options.metrics.requests.inc({ outcome })
    // Lost with its channel, it comes again.
    await message.ack().catch(() => {})
    if (outcome === 'accepted') options.onStored()
  }

  async function outcomeOf(message: AMQPMessage) {
    let request: ReplayRequest
    try {
      request = parseReplayRequest(message.body ?? new Uint8Array())
    } catch (error) {
      log.warn('a request for a replay is not one', { message_id: message.properties.messageId, error })
      return 'malformed' as const
    }
    const { id, group, aggregate, scope, reason, requested_by } = request
    const refusal = refusalOf(request, options)
    const isNew = await retryUntil(() => options.store.add(request, refusal), {
      baseMs: 100,
      maxMs: 2_000,
      signal,
      onFailure: (error) =>
        log.warn('cannot store a request for a replay', { id, reason: describeTrouble(error), error }),
    })
    if (isNew === undefined) return undefined
    if (!isNew) return 'repeated' as const
    const asked = { id, group, aggregate, scope: scope.kind, reason, requested_by }
    if (refusal === undefined) log.info('a replay is asked for', asked)
    else log.error('a replay is refused', { ...asked, refusal })
    return refusal === undefined ? ('accepted' as const) : ('refused' as const)
  }
}

/** Why a request can never be served. */
export function refusalOf(
  { aggregate, partitions, only }: ReplayRequest,
  relay: Pick<RequestsOptions, 'partitions' | 'sources'>,
): string | undefined {
  if (partitions !== relay.partitions)
    return `the group has ${partitions} partitions and the relay ${relay.partitions}: set PARTITIONS alike`
  if (!relay.sources.has(aggregate)) return `there is no aggregate ${aggregate}`
  const beyond = only?.find((partition) => partition >= partitions)
  return beyond === undefined ? undefined : `there is no partition ${beyond} of ${partitions}`
}

const timeoutMs = 5_000

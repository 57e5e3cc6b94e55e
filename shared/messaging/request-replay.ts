import type { AMQPChannel } from '@cloudamqp/amqp-client'
import { TimeoutError, withTimeout } from '../process/backoff.ts'
import { requestExchangeName, requestQueueName } from './names.ts'
import { replayRequestType, type ReplayRequest } from './replay.ts'

/**
 * Puts a request into the relay's queue, durably. Safe to repeat with the same id, which is needed after any
 * rejection: the outcome is unknown then.
 * @param channel one of its own, used for nothing else; the caller opens and closes it
 * @throws ReplayNotAcceptedError when no relay has been at this broker yet, or nobody confirmed in time
 * @throws when the connection is lost or blocked
 */
export async function requestReplay(
  channel: AMQPChannel,
  request: Omit<ReplayRequest, 'type'>,
  timeoutMs = 10_000,
): Promise<void> {
  const message: ReplayRequest = { type: replayRequestType, ...request }
  let wasReturned = false
  // The return precedes the confirm, which comes all the same.
  channel.onReturn = () => {
    wasReturned = true
  }
  const properties = {
    contentType: 'application/json',
    deliveryMode: 2,
    messageId: request.id,
    type: replayRequestType,
  }
  const confirmed = async () => {
    // Not twice: the client would begin to count anew, and the broker would not. Not in the client's published types.
    const { confirmId } = channel as unknown as { confirmId: number }
    if (confirmId === 0) await channel.confirmSelect()
    await channel.basicPublish(
      requestExchangeName,
      requestQueueName,
      JSON.stringify(message),
      properties,
      true,
    )
  }
  try {
    await withTimeout(confirmed(), timeoutMs, 'asking for a replay')
  } catch (error) {
    if (error instanceof TimeoutError)
      throw new ReplayNotAcceptedError('no-answer', 'the broker did not confirm the request for a replay')
    throw error
  }
  if (wasReturned)
    throw new ReplayNotAcceptedError(
      'no-relay',
      'no relay has declared its request queue yet: start one, or try again later',
    )
}

export class ReplayNotAcceptedError extends Error {
  override readonly name = 'ReplayNotAcceptedError'
  constructor(
    readonly code: 'no-relay' | 'no-answer',
    message: string,
  ) {
    super(message)
  }
}

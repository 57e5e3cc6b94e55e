import type { AMQPProperties } from '@cloudamqp/amqp-client'
import { exchangeName } from '../../shared/messaging/names.ts'
import type { AmqpLink } from './amqp-link.ts'
import type { Fate, Message } from './publisher.ts'

export interface WindowOptions {
  /** Without any answer for so long the broker counts as mute and the connection is cut. */
  readonly confirmTimeoutMs: number
  /** Cuts the connection at once. */
  readonly signal: AbortSignal
}

/** What a window needs of its connection. */
export type WindowLink = Pick<AmqpLink, 'blocked' | 'lost' | 'corked' | 'destroy'> & {
  readonly channel: Pick<AmqpLink['channel'], 'basicPublish' | 'onReturn'>
}

/** Sends messages on one link, mandatory and persistent, and waits for the confirms together; never rejects. */
export function sendWindow(
  link: WindowLink,
  messages: readonly Message[],
  { confirmTimeoutMs, signal }: WindowOptions,
): Promise<Fate[]> {
  return new Promise((resolve) => {
    const fates = Array.from<Fate>({ length: messages.length }).fill('unknown')
    const returned = new Set<string | undefined>()
    let unanswered = messages.length
    let lastAnswerAt = performance.now()

    // The return precedes the ack of the same message, and the ack resolves the publish all the same.
    link.channel.onReturn = ({ properties }) => void returned.add(properties.messageId)
    const answered = (index: number, fate: Fate) => {
      fates[index] = fate
      lastAnswerAt = performance.now()
      if (--unanswered === 0) finish()
    }

    // The client's own heartbeat check is put off by each of its writes: a mute broker is noticed here.
    const watch = setInterval(() => {
      // Blocked publishers wait, they do not fail.
      if (link.blocked !== undefined) lastAnswerAt = performance.now()
      else if (performance.now() - lastAnswerAt > confirmTimeoutMs) cut('no confirm within the time-out')
    }, confirmTimeoutMs / 10)
    const onAbort = () => cut('publishing was stopped')
    signal.addEventListener('abort', onAbort)
    link.lost.addEventListener('abort', finish)

    link.corked(() => {
      messages.forEach((message, index) => {
        const { exchange = exchangeName, routingKey, body } = message
        link.channel.basicPublish(exchange, routingKey, body, properties(message), true).then(
          () => answered(index, returned.has(message.id) ? 'returned' : 'confirmed'),
          (error: unknown) => answered(index, fateOf(error)),
        )
      })
    })

    function cut(reason: string): void {
      link.destroy(reason)
      finish()
    }
    function finish(): void {
      clearInterval(watch)
      signal.removeEventListener('abort', onAbort)
      link.lost.removeEventListener('abort', finish)
      resolve([...fates])
    }
  })
}

function properties(message: Message): AMQPProperties {
  return {
    contentType: message.contentType,
    messageId: message.id,
    type: message.type,
    deliveryMode: 2,
    ...(message.headers ? { headers: { ...message.headers } } : undefined),
    ...(message.expiresAfterMs === undefined ? undefined : { expiration: String(message.expiresAfterMs) }),
  }
}

/** The client has no codes: a nack, an encoding failure and a lost channel differ by text alone. */
function fateOf(error: unknown): Fate {
  if (error instanceof RangeError) return 'unencodable'
  const message = error instanceof Error ? error.message : ''
  if (message === 'Message rejected') return 'nacked'
  return message.startsWith('Short string too long') ? 'unencodable' : 'unknown'
}

import { AMQPClient } from '@cloudamqp/amqp-client'
import { withTimeout } from '../process/backoff.ts'

/**
 * The URL with what the client's defaults leave out. Without a heartbeat a half-open connection is never noticed (its
 * TCP keep-alive is useless). Frames stay small because a window of unconfirmed messages holds one frame-sized buffer
 * each.
 * @param name shown in the broker's list of connections
 */
export function amqpUrl(url: string, name: string): string {
  const full = new URL(url)
  for (const [key, value] of Object.entries({ heartbeat: '10', frameMax: '8192', name }))
    if (!full.searchParams.has(key)) full.searchParams.set(key, value)
  return full.href
}

/**
 * One connection. Errors reach the caller as a rejected connect, a closed channel or `onLost`; the client's default
 * would print them.
 * @throws when the broker refuses, is not there, or does not answer in time
 */
export async function connectAmqp(options: {
  url: string
  name: string
  timeoutMs: number
  onLost?: (error: unknown) => void
}): Promise<AMQPClient> {
  const client = new AMQPClient(amqpUrl(options.url, options.name))
  Object.assign(client, { onerror: () => {}, ondisconnect: options.onLost })
  try {
    await withTimeout(client.connect(), options.timeoutMs, 'connecting to the broker')
    if (client.closed) throw new Error('the connection was lost at once')
    return client
  } catch (error) {
    // A handshake that timed out leaves its socket behind.
    client.socket?.destroy()
    throw error
  }
}

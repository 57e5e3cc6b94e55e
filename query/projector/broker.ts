import type { AMQPChannel, AMQPClient } from '@cloudamqp/amqp-client'
import { connectAmqp } from '../../shared/messaging/amqp-connection.ts'
import { settledOrAborted } from '../../shared/process/abort.ts'
import { backoffMs, delay, withTimeout } from '../../shared/process/backoff.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import type { Logger } from '../../shared/process/log.ts'

/**
 * The projector's one connection, made anew for as long as the process runs. What was open on a lost connection is
 * lost with it: whoever holds a channel hears of it on the channel, and asks `opened` for the next.
 */
export interface Broker extends Runnable {
  /** Waits for a connection; undefined when `signal` was aborted first. */
  opened(signal: AbortSignal): Promise<Connection | undefined>
  /** Asks the broker for an answer. @throws when there is no connection or no answer */
  ping(): Promise<void>
}

export interface Connection {
  /** @throws when the connection is lost, or nobody answers within a bounded time */
  channel(): Promise<AMQPChannel>
}

export interface BrokerOptions {
  readonly url: string
  /** Shown in the broker's list of connections. */
  readonly name: string
  readonly log: Logger
}

/** For every request to the broker, none of which carries a message. */
export const answerTimeoutMs = 10_000
const backoff = { baseMs: 100, maxMs: 5_000 }

export function createBroker(options: BrokerOptions): Broker {
  const { log } = options
  const stopping = new AbortController()
  let open: AMQPClient | undefined
  let waiting = Promise.withResolvers<void>()
  let running: Promise<void> | undefined

  async function run(): Promise<void> {
    for (let failures = 0; !stopping.signal.aborted; failures++) {
      const lost = Promise.withResolvers<void>()
      try {
        open = await connectAmqp({
          url: options.url,
          name: options.name,
          timeoutMs: answerTimeoutMs,
          onLost(error) {
            // Only once: a server's close is followed by the socket's.
            if (open !== undefined) log.warn('lost the broker', { error })
            open = undefined
            lost.resolve()
          },
        })
      } catch (error) {
        const nextMs = backoffMs(failures, backoff, Math.random())
        log.warn('the broker is not reachable', { error, next_ms: nextMs })
        await delay(nextMs, stopping.signal)
        continue
      }
      log.info('connected to the broker')
      failures = 0
      waiting.resolve()
      waiting = Promise.withResolvers()
      await settledOrAborted(lost.promise, stopping.signal)
      // A pause here too: a broker that takes us and drops us at once would be asked without end.
      await delay(backoffMs(0, backoff, Math.random()), stopping.signal)
    }
  }

  return {
    name: 'broker',
    start() {
      running ??= run()
    },
    async stop() {
      stopping.abort()
      const client = open
      open = undefined
      if (client) await withTimeout(client.close(), 2_000, 'closing the connection').catch(() => {})
      client?.socket?.destroy()
      await running
    },
    async opened(signal) {
      for (;;) {
        const client = open
        if (client) return { channel: () => channelOf(client) }
        if (signal.aborted) return undefined
        await settledOrAborted(waiting.promise, signal)
      }
    },
    async ping() {
      if (open === undefined) throw new Error('no connection')
      const channel = await channelOf(open)
      await closeChannel(channel)
    },
  }
}

/** Tells of a channel that the broker closed, or that went with its connection. */
export function onChannelLost(channel: AMQPChannel, tell: (reason: string) => void): void {
  // oxlint-disable-next-line unicorn/prefer-add-event-listener -- not an EventTarget
  channel.onerror = tell
}

/** Closes a channel that may be dead already. The client never settles a close that a lost connection overtook. */
export async function closeChannel(channel: AMQPChannel): Promise<void> {
  if (!channel.closed) await withTimeout(channel.close(), 2_000, 'closing a channel').catch(() => {})
}

function channelOf(client: AMQPClient): Promise<AMQPChannel> {
  return withTimeout(client.channel(), answerTimeoutMs, 'opening a channel')
}

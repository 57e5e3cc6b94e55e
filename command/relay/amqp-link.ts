import type { AMQPChannel, AMQPClient } from '@cloudamqp/amqp-client'
import { TimeoutError, withTimeout } from '../../shared/process/backoff.ts'
import { connectAmqp } from '../../shared/messaging/amqp-connection.ts'
import { exchangeName } from '../../shared/messaging/names.ts'
import { declareRequestQueue } from '../../shared/messaging/request-queue.ts'
import { reasonOf } from './broker-trouble.ts'
import { unlessAborted } from '../../shared/process/abort.ts'

/**
 * One connection with one confirm channel, from connect to loss; never used again after it was lost. Anything wrong
 * with the channel ends the connection too: making both anew is the one way back.
 */
export class AmqpLink {
  /** The broker's words while it blocks publishers. */
  blocked: string | undefined
  private unblocked = Promise.withResolvers<void>()
  private readonly loss = new AbortController()

  private constructor(
    private readonly client: AMQPClient,
    readonly channel: AMQPChannel,
  ) {
    dropConfirmsWhenClosed(channel)
    Object.assign(channel, { onerror: (reason: string) => this.destroy(reasonOf(new Error(reason))) })
    Object.assign(client, {
      ondisconnect: (error?: Error) => this.destroy(reasonOf(error)),
      onblocked: (reason: string) => this.block(reason),
      onunblocked: () => this.unblock(),
    })
    if (client.blocked !== undefined) this.block(client.blocked)
    if (client.closed) this.destroy('the connection was lost at once')
  }

  /** Aborted when the connection is lost or closed; its `reason` is a text for health. */
  get lost(): AbortSignal {
    return this.loss.signal
  }

  /** @throws when the broker refuses, is not there, or does not answer within `timeoutMs` */
  static async open(url: string, timeoutMs: number, name = 'relay'): Promise<AmqpLink> {
    const client = await connectAmqp({ url, name, timeoutMs })
    try {
      return await withTimeout(AmqpLink.on(client), timeoutMs, 'opening a channel')
    } catch (error) {
      client.socket?.destroy()
      throw error
    }
  }

  private static async on(client: AMQPClient): Promise<AmqpLink> {
    const channel = await client.channel()
    await channel.confirmSelect()
    await declare(channel)
    // From the first connection on groups can ask for a replay, also while no relay leads. Whatever is wrong with
    // this queue is told by who consumes it, and must not keep events from flowing.
    await aside(client, declareRequestQueue).catch(() => {})
    return new AmqpLink(client, channel)
  }

  /** @throws when the exchange is there with other properties, or nobody answers; the link is lost then */
  async declareExchange(timeoutMs: number): Promise<void> {
    try {
      await withTimeout(declare(this.channel), timeoutMs, 'declaring the exchange')
    } catch (error) {
      this.destroy(reasonOf(error))
      throw error
    }
  }

  /**
   * Runs `work` on a channel of its own, since what the broker refuses closes its channel.
   * @throws what `work` throws; when nobody answers, the link is lost
   */
  async onChannel<T>(work: (channel: AMQPChannel) => Promise<T>, timeoutMs: number): Promise<T> {
    try {
      return await withTimeout(aside(this.client, work), timeoutMs, 'the broker')
    } catch (error) {
      if (error instanceof TimeoutError) this.destroy(reasonOf(error))
      throw error
    }
  }

  /** Resolves when publishers are not (or no longer) blocked, or the connection is lost. */
  async whenUnblocked(): Promise<void> {
    while (this.blocked !== undefined && !this.lost.aborted)
      await unlessAborted(this.unblocked.promise, this.lost)
  }

  /** One write to the socket for all that `send` writes: half the CPU a message. */
  corked(send: () => void): void {
    const { socket } = this.client
    socket?.cork()
    send()
    socket?.uncork()
  }

  /** The client keeps one buffer per unconfirmed message, for ever: those that grew for a large body are let go. */
  dropLargeBuffers(): void {
    // Not in the client's published types.
    const { bufferPool: pool } = this.client as unknown as { bufferPool: { byteLength: number }[] }
    const usual = pool.filter((buffer) => buffer.byteLength <= this.client.frameMax)
    if (usual.length < pool.length) pool.splice(0, pool.length, ...usual)
  }

  /** Cuts the connection; unsent bytes never leave, pending confirms become unknown. */
  destroy(reason: string): void {
    if (this.lost.aborted) return
    this.blocked = undefined
    this.client.socket?.destroy()
    this.loss.abort(reason)
  }

  /** Says goodbye, briefly. */
  async close(): Promise<void> {
    if (this.lost.aborted) return
    await withTimeout(this.client.close(), 1_000, 'closing the connection').catch(() => {})
    this.destroy('closed by the relay')
  }

  private block(reason: string): void {
    this.blocked = reason || 'no reason given'
  }

  private unblock(): void {
    this.blocked = undefined
    this.unblocked.resolve()
    this.unblocked = Promise.withResolvers()
  }
}

/**
 * The client rejects the confirm of a message whose write has failed before anything could listen to that promise: an
 * unhandled rejection for each message of a window. So pending confirms are forgotten when the channel closes; who
 * waits for them is told by `lost`. Neither member is in the client's published types.
 */
function dropConfirmsWhenClosed(channel: AMQPChannel): void {
  const inner = channel as unknown as {
    unconfirmedPublishes: unknown[]
    setClosed: (error?: Error) => void
  }
  const setClosed = inner.setClosed.bind(channel)
  inner.setClosed = (error) => {
    inner.unconfirmedPublishes.length = 0
    setClosed(error)
  }
}

async function aside<T>(client: AMQPClient, work: (channel: AMQPChannel) => Promise<T>): Promise<T> {
  const channel = await client.channel()
  Object.assign(channel, { onerror: () => {} })
  try {
    return await work(channel)
  } finally {
    if (!channel.closed) await channel.close()
  }
}

const declare = (channel: AMQPChannel) => channel.exchangeDeclare(exchangeName, 'topic', { durable: true })

import type { AMQPChannel } from '@cloudamqp/amqp-client'
import { backoffMs, delay } from '../../shared/process/backoff.ts'
import type { Runnable } from '../../shared/process/lifecycle.ts'
import type { Logger } from '../../shared/process/log.ts'
import { AmqpLink } from './amqp-link.ts'
import { reasonOf } from './broker-trouble.ts'
import { sendWindow } from './confirm-window.ts'
import type { BrokerState, Fate, Message, Publisher } from './publisher.ts'
import { whenAborted, unlessAborted } from '../../shared/process/abort.ts'

export interface AmqpPublisherOptions {
  /** Of the connection, as the broker lists it. */
  readonly name?: string
  readonly url: string
  readonly confirmTimeoutMs: number
  readonly backoffMaxMs: number
  readonly log: Logger
}

/** Publishes to RabbitMQ; keeps one connection open and makes it again, with backoff, whenever it is lost. */
export class AmqpPublisher implements Publisher, Runnable {
  readonly name = 'publisher'
  private link: AmqpLink | undefined
  private connection = 0
  private reason: string | undefined = 'not connected yet'
  private linked = Promise.withResolvers<AmqpLink>()
  private readonly stopping = new AbortController()
  private running: Promise<void> | undefined

  constructor(private readonly options: AmqpPublisherOptions) {}

  get state(): BrokerState {
    const { link, connection } = this
    const reason = link ? undefined : this.reason
    return { connected: link !== undefined, connection, blocked: link?.blocked, reason }
  }

  start(): void {
    this.running ??= this.keepConnected()
  }

  async stop(): Promise<void> {
    this.stopping.abort()
    await this.link?.close()
    await this.running
  }

  async publish(messages: readonly Message[], signal: AbortSignal): Promise<readonly Fate[]> {
    const { link } = this
    if (link) await unlessAborted(link.whenUnblocked(), signal)
    if (!link || link.lost.aborted || signal.aborted) return messages.map(() => 'unknown')
    const { confirmTimeoutMs } = this.options
    const fates = await sendWindow(link, messages, { confirmTimeoutMs, signal })
    link.dropLargeBuffers()
    return fates
  }

  async restore(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const link = this.link ?? (await unlessAborted(this.linked.promise, signal))
      // A blocked connection is not read from: declaring would wait in vain, and cut what is only to be waited for.
      if (link) await unlessAborted(link.whenUnblocked(), signal)
      if (signal.aborted) return
      const restored = await link
        ?.declareExchange(connectTimeoutMs)
        .then(() => true)
        .catch(() => false)
      if (restored) return
    }
  }

  /** Runs `work` on a channel of its own, beside the windows. @throws what it throws, and without a connection */
  async onChannel<T>(work: (channel: AMQPChannel) => Promise<T>): Promise<T> {
    if (!this.link) throw new Error(`no connection to the broker: ${this.reason}`)
    return this.link.onChannel(work, connectTimeoutMs)
  }

  private async keepConnected(): Promise<void> {
    const { log, url, name, backoffMaxMs } = this.options
    const { signal } = this.stopping
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        const opening = AmqpLink.open(url, connectTimeoutMs, name)
        const link = await unlessAborted(opening, signal)
        if (!link)
          return void opening.then(
            (late) => late.close(),
            () => {},
          )
        this.connected(link)
        log.info('connected to the broker')
        failures = 0
        await whenAborted(link.lost)
        this.disconnected(String(link.lost.reason))
      } catch (error) {
        this.disconnected(reasonOf(error))
        log.debug('cannot connect to the broker', { error })
      }
      if (signal.aborted) return
      const nextMs = backoffMs(failures, { baseMs: 100, maxMs: backoffMaxMs }, Math.random())
      log.warn('no connection to the broker', { reason: this.reason, next_ms: nextMs })
      await delay(nextMs, signal)
    }
  }

  private connected(link: AmqpLink): void {
    this.link = link
    this.connection++
    this.linked.resolve(link)
  }

  private disconnected(reason: string): void {
    this.reason = reason
    if (this.link) this.linked = Promise.withResolvers()
    this.link = undefined
  }
}

const connectTimeoutMs = 5_000

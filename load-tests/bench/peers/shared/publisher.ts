import { connect, type Channel, type ChannelModel, type ConfirmChannel } from 'amqplib'
import { eventId, type UserEvent } from './event.ts'
import { recorded, type Fate } from './record.ts'

const RETRY_MS = 1_000

/** A connection that comes back by itself; a message is persistent, for one durable quorum queue. */
export class Publisher {
  private channel: Channel | ConfirmChannel | undefined

  constructor(
    private readonly url: string,
    private readonly queue: string,
    private readonly confirms: boolean,
  ) {}

  async start(): Promise<void> {
    try {
      const connection: ChannelModel = await connect(this.url)
      connection.on('error', () => {})
      connection.on('close', () => this.again())
      const channel = await (this.confirms ? connection.createConfirmChannel() : connection.createChannel())
      channel.on('error', () => {})
      await channel.assertQueue(this.queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
      this.channel = channel
    } catch {
      this.again()
    }
  }

  get isConnected(): boolean {
    return this.channel !== undefined
  }

  /** Resolves at the confirm, or without confirms when it is written. @throws without a connection, or when it is lost */
  async publish(event: UserEvent): Promise<void> {
    const { channel } = this
    if (!channel) throw new Error('there is no connection to the broker')
    await recorded(event, () => this.send(channel, event))
  }

  private async send(channel: Channel | ConfirmChannel, event: UserEvent): Promise<Fate> {
    const body = Buffer.from(JSON.stringify(event))
    const options = { persistent: true, messageId: eventId(event), type: event.type }
    if (!this.confirms) {
      channel.sendToQueue(this.queue, body, options)
      return 'unknown'
    }
    await new Promise<void>((resolve, reject) => {
      ;(channel as ConfirmChannel).sendToQueue(this.queue, body, options, (error) =>
        error ? reject(error) : resolve(),
      )
    })
    return 'confirmed'
  }

  private again(): void {
    this.channel = undefined
    setTimeout(() => void this.start(), RETRY_MS)
  }
}

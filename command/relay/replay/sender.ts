import type { AmqpPublisher } from '../amqp-publisher.ts'
import { reasonOf } from '../broker-trouble.ts'
import type { Lease } from '../lease.ts'
import type { Fate } from '../publisher.ts'
import type { ReplayMessage } from './messages.ts'
import { lookAtQueues } from './queue-look.ts'

/** What sending needs of the relay's term. */
export interface ReplayTerm {
  readonly lease: Lease
  readonly publisher: Pick<AmqpPublisher, 'publish' | 'onChannel' | 'state'>
  /** Ends the window under way. */
  readonly signal: AbortSignal
}

/** Nothing can be sent now; nothing is lost by it. */
export interface Wait {
  readonly kind: 'wait'
  readonly reason: string
  /** When to try again. */
  readonly ms: number
  /** A queue is not there: its group has to declare it. */
  readonly isMissing?: true
}

/** What no time heals. */
export class ReplayError extends Error {
  override readonly name = 'ReplayError'
}

/** Sends windows to a group's queues, at the pace of its consumers. */
export class Sender {
  private pending: readonly ReplayMessage[] = []
  /** So many may be sent before the queues are looked at again. */
  private allowance = 0

  constructor(
    private readonly queues: readonly string[],
    /** A queue with more messages is waited for: live events stand behind them. */
    private readonly depthMax: number,
  ) {}

  get isEmpty(): boolean {
    return this.pending.length === 0
  }

  put(messages: readonly ReplayMessage[]): void {
    this.pending = messages
  }

  /**
   * Why nothing should be sent now. Looked at before the first window, after each failure, since a window that goes
   * out while a queue is missing fills the others with repeats, and whenever the queues may have filled up.
   */
  async hindrance({ publisher }: ReplayTerm): Promise<Wait | undefined> {
    const { connected, blocked, reason } = publisher.state
    if (!connected) return wait(reason ?? 'no connection to the broker', 100)
    if (blocked !== undefined) return wait(`the broker blocks publishers: ${blocked}`, 500)
    if (this.allowance > 0) return undefined
    const looking = publisher.onChannel((channel) => lookAtQueues(channel, this.queues))
    const seen = await looking.catch((error: unknown) => wait(reasonOf(error), 200))
    switch (seen.kind) {
      case 'missing':
        return { ...wait(`the queue ${seen.queue} is missing`, 500), isMissing: true }
      case 'wait':
        return seen
      case 'present':
        // As if all of it went into the fullest; one window always goes.
        this.allowance = this.depthMax - seen.depth + 1
        if (this.allowance > 0) return undefined
        return wait(`the queue ${seen.queue} holds ${seen.depth} messages already`, 50)
      default:
        return seen satisfies never
    }
  }

  /**
   * Sends what is pending as one window; what was not confirmed stays pending, to be sent again with the same ids.
   * @returns how many were confirmed, why some were not, and the ids of those that can never be sent: live they are
   * parked with their aggregate, so there is an alarm already
   */
  async flush({ publisher, signal }: ReplayTerm): Promise<Flushed> {
    if (this.isEmpty) return { confirmed: 0, skipped: [], failure: undefined }
    const fates = await publisher.publish(this.pending, signal)
    const failed = this.pending.filter(
      (_, index) => fates[index] !== 'confirmed' && fates[index] !== 'unencodable',
    )
    const skipped = this.pending.filter((_, index) => fates[index] === 'unencodable').map(({ id }) => id)
    const confirmed = this.pending.length - failed.length - skipped.length
    this.pending = failed
    this.allowance = failed.length > 0 ? 0 : this.allowance - confirmed
    return { confirmed, skipped, failure: failed.length === 0 ? undefined : waitFor(fates) }
  }
}

export interface Flushed {
  readonly confirmed: number
  readonly skipped: readonly string[]
  readonly failure: Wait | undefined
}

function waitFor(fates: readonly Fate[]): Wait {
  if (fates.includes('returned')) return { ...wait('a queue is missing', 500), isMissing: true }
  if (fates.includes('nacked')) return wait('a queue is full or has no quorum', 500)
  return wait('no confirm: the connection was lost or the broker did not answer', 100)
}

const wait = (reason: string, ms: number): Wait => ({ kind: 'wait', reason, ms })

/**
 * Where windows of messages go. One call at a time: windows are the back pressure.
 *
 * Contract of `publish`: it never rejects, and answers with one fate per message, in order. Half-way through a window
 * anything may have happened to a message whose fate is `unknown`, so only the caller may send it again, with the
 * same id, and consumers tell the two apart by nothing but that id.
 */
export interface Publisher {
  /**
   * Sends all messages as one window and waits for their confirms. Waits first, for as long as it takes, while the
   * broker blocks publishers. Without a connection every fate is `unknown` at once.
   * @param signal ends the wait: the connection is torn down, so that what was not sent yet never is
   */
  publish(messages: readonly Message[], signal: AbortSignal): Promise<readonly Fate[]>
  /** Resolves when there is a connection and the exchange was declared again on it, or when `signal` is aborted. */
  restore(signal: AbortSignal): Promise<void>
  readonly state: BrokerState
}

export interface Message {
  /** The event's id, or a heartbeat's own: correlates returns, and is the same each time a message is sent. */
  readonly id: string
  readonly type: string
  /** The default exchange (`''`) takes the name of one queue as routing key; left out, the events' exchange. */
  readonly exchange?: string
  readonly routingKey: string
  readonly headers?: Readonly<Record<string, string>>
  readonly contentType: string
  readonly body: string
  /** After so long a message that nobody took is worth nothing; without it, it is kept. */
  readonly expiresAfterMs?: number
}

export type Fate =
  /** In at least one queue, on a majority of its replicas' disks. */
  | 'confirmed'
  /** No queue is bound for its routing key: it is nowhere, although the broker acknowledged it. */
  | 'returned'
  /** A queue refused it: it may be in others. */
  | 'nacked'
  /** The client could not encode it; it was not sent, and never can be. */
  | 'unencodable'
  /** No answer: connection lost, confirm time-out, or never sent. */
  | 'unknown'

export interface BrokerState {
  readonly connected: boolean
  /** Counts the connections that were made. */
  readonly connection: number
  /** The broker's words while it blocks publishers (a memory or disk alarm): wait, do not fail. */
  readonly blocked: string | undefined
  /** Why there is no connection. */
  readonly reason: string | undefined
}

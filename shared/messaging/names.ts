/**
 * The names on the broker, in one place. The count of partitions is part of every name, so that two sides which
 * disagree about it fail loudly (unroutable) and not silently (one aggregate on two queues).
 */
export const exchangeName = 'events'

/** Where a group asks the relay for a replay: declared by every relay, consumed by the active one. */
export const requestQueueName = 'relay.requests'

/** By which requests reach that queue, under its name; every broker has it, and it cannot be deleted. */
export const requestExchangeName = 'amq.direct'

/** Message header of what a replay sent again; its value is the request's id. */
export const replayHeader = 'x-replay'

/** `p03of08`, with as many digits as the count needs, two at least. */
export function partitionTag(partition: number, partitions: number): string {
  const digits = Math.max(2, String(partitions).length)
  const pad = (value: number) => String(value).padStart(digits, '0')
  return `p${pad(partition)}of${pad(partitions)}`
}

/**
 * `users.user.created.v2` at partition 3 of 8 → `users.p03of08.user.created`.
 * @param type event type `<aggregate>.<event>.v<number>`
 */
export function eventRoutingKey(type: string, partition: number, partitions: number): string {
  const aggregate = type.slice(0, type.indexOf('.'))
  const event = type.slice(aggregate.length + 1, type.lastIndexOf('.'))
  return `${aggregate}.${partitionTag(partition, partitions)}.${event}`
}

/** Everything of one aggregate on one partition, as a topic binding. */
export function aggregateBinding(aggregate: string, partition: number, partitions: number): string {
  return `${aggregate}.${partitionTag(partition, partitions)}.#`
}

export function heartbeatRoutingKey(partition: number, partitions: number): string {
  return `relay.${partitionTag(partition, partitions)}.heartbeat`
}

/** @param group the read model's name and generation, `users-g1` */
export function queueName(group: string, partition: number, partitions: number): string {
  return `${group}.${partitionTag(partition, partitions)}`
}

export const heartbeatType = 'relay.heartbeat.v1'

/** A heartbeat's body: what the relay saw at a successful poll. Sent also as a probe after a failed publish. */
export interface Heartbeat {
  readonly type: typeof heartbeatType
  /** ISO 8601, the relay's clock at the poll: for people, since a clock can be wrong. */
  readonly time: string
  /** Highest `seq` in the log at that poll. */
  readonly head: number
  /** Everything up to this `seq` is confirmed by the broker. */
  readonly cursor: number
  /** An operator paused the relay: no events come, although there may be some. */
  readonly paused?: true
  /** Fencing token of the relay that sends it: one more at each change of relay. */
  readonly term?: number
  /** Counts the heartbeats of a term: of two on one partition the later one has the higher number. */
  readonly number?: number
  /**
   * By aggregate, the last live event of the confirmed prefix on this partition in this term: it is before this
   * heartbeat in every queue that is bound for both. Absent while there is none. In an outage a queue may hold later
   * events already, which are sent again.
   */
  readonly last?: Readonly<Record<string, LastEvent>>
}

export interface LastEvent {
  readonly seq: number
  /** Events of the aggregate that were confirmed on this partition in this term, each once however often it was sent. */
  readonly count: number
  /** Of the aggregate. */
  readonly id: string
  readonly version: number
}

export const eventContentType = 'application/cloudevents+json'

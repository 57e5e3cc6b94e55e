import { exchangeName, requestExchangeName, requestQueueName } from './names.ts'

/** What a user of the broker may do in a virtual host: patterns of names, as RabbitMQ holds them. */
export interface Permissions {
  readonly configure: string
  readonly write: string
  readonly read: string
}

/** Queues of read-side groups: `users-g1.p03of08`. */
const groupQueues = '[a-z][a-z0-9_]*-g[0-9]+\\.p[0-9]+of[0-9]+'

/**
 * The least each process needs. Replays go to a group's queues by their names, through the default exchange, which
 * cannot be limited to some queues; so the query side has no right to it, and asks for a replay by way of
 * `requestExchangeName`, where only the relay's queue is bound.
 */
export const brokerPermissions: Readonly<Record<'relay' | 'query', Permissions>> = {
  relay: {
    configure: oneOf(exchangeName, requestQueueName),
    // To look how full a queue is takes a right to it; the one to write reads and removes nothing.
    write: `^(${groupQueues}|${[exchangeName, requestQueueName, 'amq.default'].map(escaped).join('|')})$`,
    read: oneOf(requestQueueName, requestExchangeName),
  },
  query: {
    configure: `^${groupQueues}$`,
    write: `^(${groupQueues}|${escaped(requestExchangeName)})$`,
    read: `^(${groupQueues}|${exchangeName})$`,
  },
}

function oneOf(...names: readonly string[]): string {
  return `^(${names.map(escaped).join('|')})$`
}

function escaped(name: string): string {
  return name.replaceAll('.', '\\.')
}

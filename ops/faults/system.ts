import { usersHistory } from '../../query/users-history/users-history.ts'
import { users } from '../../query/users/users.ts'
import { queueName } from '../../shared/messaging/names.ts'
import type { Stack } from '../stack/index.ts'
import type { PublishCall, StoredUser } from './history.ts'
import {
  queueDepths,
  readDocuments,
  readPublishes,
  readTables,
  served,
  type Tables,
} from './world/records.ts'
import { startWorld, type Topology, type World } from './world/world.ts'

/** What is put under a fault: how it is started, and where its records are. The checker knows nothing of it. */
export interface System {
  start(stack: Stack, topology: Topology, dir: string): Promise<World>
  /** @throws while one of the servers is away */
  state(world: World): Promise<SystemState>
  /** Of all lives of all processes so far. */
  publishes(world: World): readonly PublishCall[]
}

export interface SystemState extends Pick<Tables, 'rows' | 'log' | 'replays'> {
  readonly documents: readonly StoredUser[]
  readonly versions?: readonly StoredUser[]
  /** In PostgreSQL, and nobody has said yet that the broker has them. */
  readonly backlogEvents: number
  /** Messages that nobody took, by queue. */
  readonly queued: Readonly<Record<string, number>>
}

export const ourSystem: System = {
  start: startWorld,
  async state({ places, topology: { partitions } }) {
    const [current, history] = [await served(places, users), await served(places, usersHistory)]
    const queues = [current, history].flatMap(({ group }) =>
      Array.from({ length: partitions }, (_, partition) => queueName(group, partition, partitions)),
    )
    const [{ head, cursor, ...tables }, documents, versions, queued] = await Promise.all([
      readTables(places),
      readDocuments(places, current.collection),
      readDocuments(places, history.collection),
      queueDepths(places.brokerUrl, queues),
    ])
    return { ...tables, documents, versions, queued, backlogEvents: head - cursor }
  },
  publishes: ({ relays }) => readPublishes(relays.flatMap(({ recordFiles }) => recordFiles)),
}

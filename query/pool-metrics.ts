import type { MongoClient } from 'mongodb'
import { gauge, type Metrics } from '../shared/process/metrics.ts'

/** What the driver tells of its connections, one pool for each server of the store. */
export function storePoolMetrics(client: Pick<MongoClient, 'on'>, metrics: Metrics, max: number): void {
  const open = new Map<string, Set<number>>()
  const inUse = new Map<string, Set<number>>()
  const waiting = new Map<string, number>()
  const setOf = (of: Map<string, Set<number>>, address: string) => {
    const known = of.get(address) ?? new Set()
    of.set(address, known)
    return known
  }
  const wait = (address: string, change: number) =>
    waiting.set(address, Math.max(0, (waiting.get(address) ?? 0) + change))

  client.on('connectionCreated', (event) => setOf(open, event.address).add(idOf(event)))
  client.on('connectionCheckOutStarted', ({ address }) => wait(address, 1))
  client.on('connectionCheckOutFailed', ({ address }) => wait(address, -1))
  client.on('connectionCheckedOut', (event) => {
    wait(event.address, -1)
    setOf(inUse, event.address).add(idOf(event))
  })
  client.on('connectionCheckedIn', (event) => setOf(inUse, event.address).delete(idOf(event)))
  client.on('connectionClosed', (event) => {
    setOf(open, event.address).delete(idOf(event))
    setOf(inUse, event.address).delete(idOf(event))
  })
  client.on('connectionPoolClosed', ({ address }) => {
    for (const of of [open, inUse, waiting]) of.delete(address)
  })

  gauge(
    metrics,
    'store_pool_connections',
    'Connections to the store that are open, those that the driver keeps for its checks aside: in use, or idle.',
    ['state'],
    (made) => {
      const used = total(inUse)
      made.set({ state: 'in_use' }, used)
      made.set({ state: 'idle' }, Math.max(0, total(open) - used))
    },
  )
  gauge(metrics, 'store_pool_connections_max', 'Most connections to the store at once: MONGO_POOL_MAX.').set(
    max,
  )
  gauge(metrics, 'store_pool_waiting', 'Operations that wait for a connection to the store.', [], (made) =>
    made.set([...waiting.values()].reduce((sum, count) => sum + count, 0)),
  )
}

const idOf = ({ connectionId }: { connectionId: number | '<monitor>' }) => Number(connectionId)
const total = (of: Map<string, Set<number>>) => [...of.values()].reduce((sum, ids) => sum + ids.size, 0)

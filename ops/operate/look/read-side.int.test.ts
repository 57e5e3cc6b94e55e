import { afterAll, expect, test } from 'bun:test'
import { heartbeatOrder } from '../../../query/projector/heartbeat-records.ts'
import { createRecords } from '../../../query/projector/records.ts'
import { createMongoUrl, dropMongo, waitFor } from '../../../tests/support/stack.ts'
import { connectTo } from '../connections.ts'
import { placesOf } from '../places.ts'
import { readReadSide } from './read-side.ts'

const mongoUrl = createMongoUrl()
const connections = connectTo(placesOf({ MONGO_URL: mongoUrl }, undefined))
afterAll(async () => {
  await connections.close()
  await dropMongo(mongoUrl)
})

test("a heartbeat is as old as its receipt, whatever the relay's clock says", async () => {
  const records = createRecords(connections.collectionOf)
  const note = (partition: number, shiftMs: number, number: number) => {
    const time = new Date(Date.now() + shiftMs).toISOString()
    const order = heartbeatOrder({ term: 1, number, time })
    const names = { queue: `q${partition}`, group: 'users-g1', partition }
    return records.noteHeartbeat({ ...names, time, head: 1, cursor: 1, order })
  }
  const ages = async () =>
    Object.values((await readReadSide(connections)).heartbeats).map((one) => one.ageSeconds)
  for (const [partition, shiftMs] of [-3_600_000, 0, 3_600_000].entries()) await note(partition, shiftMs, 2)
  const first = await ages()
  expect(first).toHaveLength(3)
  expect(Math.max(...first)).toBeLessThan(30)
  // They grow older, the one of the future too, and an old one that comes again makes none younger.
  const grown = await waitFor(
    async () => {
      const now = await ages()
      return now.every((age, index) => age > first[index]! + 0.2) ? now : undefined
    },
    { timeoutMs: 10_000, what: 'all to be older' },
  )
  await note(0, 0, 1)
  expect((await ages())[0]).toBeGreaterThanOrEqual(grown[0]!)
}, 30_000)

import { perSecond, type Comparison, type Contender } from '../machinery/comparison.ts'
import { metered, partOf, placesOn, startedOn, type Site } from '../machinery/site.ts'
import { Twin } from '../machinery/twin.ts'
import { wrk } from '../machinery/wrk.ts'
import { checkWritten, emptied, ours, plain, plainTables } from './written.ts'
import { peerWriters } from './peers/write.ts'
import { pgbenchWriter } from './pgbench-writer.ts'

const PGBENCH = 'pgbench, two prepared inserts a transaction'
const LOCKED = 'pgbench, into the log as it is, one append at a time'
const MIKRO = 'MikroORM, a transaction a request'

/** `POST /users`, durable, with nothing else running: the command service alone. */
export async function writeRows(site: Site): Promise<Comparison> {
  const places = await placesOn(site)
  await plainTables(places)
  const command = await startedOn(site, { role: 'command', places })
  const mikro = await Twin.start('mikro-orm', { POSTGRES_URL: places.ownerUrl })
  site.defer(() => mikro.stop())

  const http = (connections: number): Contender => ({
    name: `POST /users, ${connections} connections`,
    async measure() {
      await emptied(places, ours)
      const order = {
        url: command.url,
        connections,
        seconds: site.sizes.seconds,
        kind: 'create',
        run: 'b',
      } as const
      const { result, cpuMs } = await metered(site, [partOf(command)], () =>
        wrk(site.wrk, order, site.signal),
      )
      await checkWritten(places, ours, { least: result.requests, most: result.requests + connections })
      return { ...result, count: result.requests, cpuMs }
    },
  })
  const orm: Contender = {
    name: MIKRO,
    async measure() {
      await emptied(places, plain)
      const order = { seconds: site.sizes.seconds, concurrency: 64 }
      const { result, cpuMs } = await metered(site, [mikro.part], () =>
        mikro.order<{ count: number; elapsedMs: number }>(order),
      )
      await checkWritten(places, plain, { least: result.count, most: result.count })
      return { ...result, cpuMs }
    },
  }
  const peers = site.peers ? await peerWriters(site, site.peers) : []
  const [at64, at256] = [http(64), http(256)]
  // Once unmeasured: what runs first would pay for the compiler.
  await at64.measure()
  const row = { unit: 'a second', better: 'higher', ours: at64.name, limit: PGBENCH, of: perSecond } as const
  return {
    contenders: [
      at64,
      pgbenchWriter(site, places, { name: PGBENCH, tables: plain }),
      at256,
      pgbenchWriter(site, places, { name: LOCKED, tables: ours }),
      orm,
      ...peers,
    ],
    rows: [
      {
        ...row,
        name: 'write-64',
        title: 'Write, 64 connections',
        target: { ratio: 2.5 },
        beside: [LOCKED, ...peers.map(({ name }) => name)],
      },
      { ...row, name: 'write-256', title: 'Write, 256 connections', ours: at256.name, target: { ratio: 4 } },
      {
        ...row,
        name: 'write-orm',
        title: 'Write, beside MikroORM alone',
        limit: MIKRO,
        target: { ratio: 6 },
      },
    ],
  }
}

import type { Part } from '../../../ops/load/parts.ts'
import { sum } from '../../../ops/report/numbers.ts'
import { perSecond, type Comparison, type Contender, type Sample } from '../machinery/comparison.ts'
import { metered, partOf, placesOn, startedOn, type Site } from '../machinery/site.ts'
import { wrk, type WrkOrder } from '../machinery/wrk.ts'
import { pgbenchWriter } from './pgbench-writer.ts'
import { apiOn, checkAnswers, findServer } from './read.ts'
import { checkWritten, emptied, ours, plain, plainTables } from './written.ts'

const COUNTS = [1, 2, 3] as const
/** In all, shared by the processes: 1, 2 and 3 divide it. */
const CONNECTIONS = 66
const row = { unit: 'a second', better: 'higher', of: perSecond } as const

/** One, two and three processes of one side. On one machine they share its cores, with the servers and the load. */
export async function readScale(site: Site): Promise<Comparison> {
  const { users } = site.sizes
  const first = await apiOn(site, users)
  const apis = [first]
  const twins = [await findServer(site, first.places)]
  for (const number of COUNTS.slice(1)) {
    apis.push(await apiOn(site, users, number, first.places))
    twins.push(await findServer(site, first.places))
  }
  const several = (name: string, servers: readonly { url: string; parts: readonly Part[] }[]): Contender => ({
    name,
    async measure(): Promise<Sample> {
      for (const { url, parts } of servers) await checkAnswers({ name, url, parts, users, kind: 'read' })
      return together(site, servers, { kind: 'read', documents: users })
    },
  })
  return {
    contenders: COUNTS.flatMap((count) => [
      several(readers(count), apis.slice(0, count)),
      several(bare(count), twins.slice(0, count)),
    ]),
    rows: COUNTS.map((count) => ({
      ...row,
      name: `scale-read-${count}`,
      title: `Reads, ${readers(count)}`,
      ours: readers(count),
      limit: bare(count),
      size: count,
    })),
  }
}

export async function writeScale(site: Site): Promise<Comparison> {
  const places = await placesOn(site)
  await plainTables(places)
  const commands: { url: string; parts: readonly Part[] }[] = []
  for (const number of COUNTS) {
    const command = await startedOn(site, { role: 'command', places, number })
    commands.push({ url: command.url, parts: [partOf(command)] })
  }
  const pgbench = pgbenchWriter(site, places, {
    name: 'pgbench, two prepared inserts a transaction',
    tables: plain,
  })
  const several = (count: number): Contender => ({
    name: writers(count),
    async measure(): Promise<Sample> {
      await emptied(places, ours)
      const sample = await together(site, commands.slice(0, count), { kind: 'create' })
      await checkWritten(places, ours, { least: sample.count, most: sample.count + CONNECTIONS })
      return sample
    },
  })
  return {
    contenders: [...COUNTS.map(several), pgbench],
    rows: COUNTS.map((count) => ({
      ...row,
      name: `scale-write-${count}`,
      title: `Writes, ${writers(count)}`,
      ours: writers(count),
      limit: pgbench.name,
      size: count,
    })),
  }
}

/** The load on all of them at once, as a balancer would spread it. */
async function together(
  site: Site,
  servers: readonly { url: string; parts: readonly Part[] }[],
  of: Pick<WrkOrder, 'kind' | 'documents'>,
): Promise<Sample> {
  const order = { ...of, connections: CONNECTIONS / servers.length, seconds: site.sizes.seconds }
  const { result, cpuMs } = await metered(
    site,
    servers.flatMap(({ parts }) => parts),
    () =>
      Promise.all(servers.map(({ url }, n) => wrk(site.wrk, { ...order, url, run: `s${n}` }, site.signal))),
  )
  return {
    count: sum(result.map(({ requests }) => requests)),
    elapsedMs: Math.max(...result.map(({ elapsedMs }) => elapsedMs)),
    cpuMs,
  }
}

const processes = (count: number, of: string) => `${count} ${of} process${count === 1 ? '' : 'es'}`
const readers = (count: number) => processes(count, 'query')
const writers = (count: number) => processes(count, 'command')
const bare = (count: number) => `findOne behind ${count} bare Bun.serve`

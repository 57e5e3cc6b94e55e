import { waitFor } from '../../../ops/wait.ts'
import { query, type Places } from '../../../ops/faults/world/places.ts'
import type { Replica } from '../../../ops/faults/world/replica.ts'
import { Incomplete, type Comparison, type Contender, type Sample } from '../machinery/comparison.ts'
import { tailOf } from '../machinery/figures.ts'
import { metered, partOf, placesOn, processOn, type Site } from '../machinery/site.ts'
import { Twin } from '../machinery/twin.ts'
import { wrk } from '../machinery/wrk.ts'
import { collectionOf } from './projector.ts'
import { checkWritten, ours as tables, settled } from './written.ts'

const OURS = 'the system at half of its capacity'
const HOPS = 'the same hops one after the other, alone'
const VISIBLE_TIMEOUT_MS = 120_000

/** From a write's commit to its being read, at a fixed rate that does not wait for answers. */
export async function visibleRows(site: Site): Promise<Comparison> {
  const [ours, hops] = [await systemOn(site), await hopsOn(site)]
  const row = { unit: 'ms', better: 'lower', ours: OURS, limit: HOPS } as const
  return {
    contenders: [ours, hops],
    rows: [
      {
        ...row,
        name: 'visible-p50',
        title: 'Commit to visible, p50',
        target: { ratio: 3, below: 20 },
        of: ({ latencyMs }) => latencyMs!['50'],
      },
      {
        ...row,
        name: 'visible-p99',
        title: 'Commit to visible, p99',
        target: { ratio: 15, below: 100 },
        of: ({ latencyMs }) => latencyMs!['99'],
      },
    ],
  }
}

async function systemOn(site: Site): Promise<Contender> {
  const places = await placesOn(site)
  const command = await processOn(site, { role: 'command', places })
  const relay = await processOn(site, { role: 'relay', places })
  const projector = await processOn(site, { role: 'query', places })
  const processes = [command, relay, projector]
  for (const one of processes) one.start()
  await Promise.all(processes.map((one) => one.untilGreen('ready')))
  await projector.untilGreen('pipeline')
  const users = await collectionOf(site, places.storeUrl)
  const writer = await Twin.start('open-loop', {})
  site.defer(() => writer.stop())
  const shown = () => users.countDocuments({ version: { $gte: 1 } })
  // Twice: the first warms up, and the second is what the whole pipeline carries to its end.
  await capacity(site, places, command, shown)
  const rate = Math.max(1, Math.floor((await capacity(site, places, command, shown)) / 2))

  return {
    name: OURS,
    async measure(): Promise<Sample> {
      const order = {
        commandUrl: command.url,
        queryUrl: projector.url,
        rate,
        seconds: site.sizes.openSeconds,
      }
      const { result, cpuMs } = await metered(site, [...processes.map(partOf), writer.part], () =>
        writer.order<OpenLoop>(order),
      )
      const { count, failed, lateMs, visibleMs, elapsedMs } = result
      if (failed > 0) throw new Incomplete(`${failed} of ${count} writes or reads failed`)
      if (lateMs > 2_000)
        throw new Incomplete(`the load came ${Math.round(lateMs)} ms late: the rate was not kept`)
      await untilShown(places, shown)
      return { count, elapsedMs, cpuMs, latencyMs: tailOf(visibleMs) }
    },
  }
}

interface OpenLoop {
  readonly count: number
  readonly failed: number
  readonly lateMs: number
  readonly elapsedMs: number
  readonly visibleMs: number[]
}

/** Users a second that are written and can be read, from the first to the last. */
async function capacity(site: Site, places: Places, command: Replica, shown: () => Promise<number>) {
  const before = await settled(places, tables)
  const startedAt = performance.now()
  const order = { url: command.url, connections: 64, seconds: site.sizes.seconds, kind: 'create' } as const
  await wrk(site.wrk, { ...order, run: `c${before}` }, site.signal)
  const shownMs = await untilShown(places, shown)
  return (((await shown()) - before) * 1_000) / (shownMs - startedAt)
}

/** @returns when the last was seen, by the process's clock @throws when some never are */
async function untilShown(places: Places, shown: () => Promise<number>): Promise<number> {
  const count = await settled(places, tables)
  let seenMs = 0
  await waitFor(
    async () => {
      seenMs = performance.now()
      return (await shown()) === count
    },
    { timeoutMs: VISIBLE_TIMEOUT_MS, what: `${count} users to be in the store` },
  )
  await checkWritten(places, tables, { least: count, most: count })
  return seenMs
}

async function hopsOn(site: Site): Promise<Contender> {
  const places = await placesOn(site)
  const env = { POSTGRES_URL: places.commandUrl, RABBITMQ_URL: places.brokerUrl, MONGO_URL: places.storeUrl }
  const twin = await Twin.start('hops', env)
  site.defer(() => twin.stop())
  return {
    name: HOPS,
    async measure(): Promise<Sample> {
      await query(places.adminUrl, `TRUNCATE ${tables.users}, ${tables.outbox}`)
      const { hops } = site.sizes
      const { result, cpuMs } = await metered(site, [twin.part], () =>
        twin.order<{ elapsedMs: number; eachMs: number[]; stored: number }>({ count: hops }),
      )
      await checkWritten(places, tables, { least: hops, most: hops })
      if (result.stored !== hops) throw new Incomplete(`${result.stored} of ${hops} documents are there`)
      return { count: hops, elapsedMs: result.elapsedMs, cpuMs, latencyMs: tailOf(result.eachMs) }
    },
  }
}

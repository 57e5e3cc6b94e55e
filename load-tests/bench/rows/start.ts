import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { users } from '../../../query/users/users.ts'
import { run } from '../../../ops/stack/run.ts'
import { waitFor } from '../../../ops/wait.ts'
import type { Places } from '../../../ops/faults/world/places.ts'
import { Replica, type Role } from '../../../ops/faults/world/replica.ts'
import { Broker, queuesOf } from '../machinery/broker.ts'
import type { Comparison, Contender, RowSpec, Sample } from '../machinery/comparison.ts'
import { rssMb } from '../machinery/cpu-meter.ts'
import { PARTITIONS } from './documents.ts'
import { placesOn, processOn, startedOn, type Site } from '../machinery/site.ts'
import { Twin } from '../machinery/twin.ts'

const ROOT = join(import.meta.dir, '../../..')
const ROLES: readonly Role[] = ['command', 'relay', 'query']
const SELF = 'process'

/** From the start of a process to its being ready, what it then holds, and what has to be shipped for it. */
export async function startRows(site: Site): Promise<Comparison[]> {
  const places = await placesOn(site)
  // Made, filled and known before: a start is not a set-up.
  const relay = await processOn(site, { role: 'relay', places })
  relay.start()
  const query = await startedOn(site, { role: 'query', places })
  await query.untilGreen('pipeline')
  await Promise.all([relay.stop(), query.stop()])
  const broker = await Broker.connect(places.brokerUrl)
  site.defer(() => broker.close())
  const binary = await compiled(site)
  const comparisons: Comparison[] = []
  for (const role of ROLES) comparisons.push(ofRole(site, { role, places, broker, binary }))
  return [...comparisons, await sizes(site, binary)]
}

interface OfRole {
  readonly role: Role
  readonly places: Places
  readonly broker: Broker
  readonly binary: string
}

function ofRole(site: Site, of: OfRole): Comparison {
  const { role, places } = of
  const plain = starter(site, of, { name: `${role}, started` })
  const binary = starter(site, of, { name: `${role}, started from the compiled binary`, runtime: of.binary })
  const twin: Contender = {
    name: `${role}'s modules and connections alone`,
    async measure(): Promise<Sample> {
      const startedAt = performance.now()
      const urls = {
        POSTGRES_URL: places.commandUrl,
        RABBITMQ_URL: places.brokerUrl,
        MONGO_URL: places.storeUrl,
      }
      const one = await Twin.start('connect', { ...urls, ROLE: role })
      const elapsedMs = performance.now() - startedAt
      await Bun.sleep(site.sizes.idleMs)
      const held = rssMb(one.part.root)
      await one.stop()
      return { count: 1, elapsedMs, cpuMs: {}, rssMb: { [SELF]: held } }
    },
  }
  const row = { better: 'lower', ours: plain.name, limit: twin.name } as const
  const start = { ...row, unit: 'ms', of: ({ elapsedMs }: Sample) => elapsedMs } as const
  const rows: RowSpec[] = [
    {
      ...start,
      name: `start-${role}`,
      title: `Start, ${role}`,
      target: { ratio: 1.5 },
      beside: [binary.name],
    },
    {
      ...row,
      name: `rss-${role}`,
      title: `Memory when idle, ${role}`,
      unit: 'MB',
      beside: [binary.name],
      of: ({ rssMb: held }) => held![SELF]!,
    },
    {
      ...start,
      name: `start-${role}-compiled`,
      title: `Start, ${role}, compiled beside plain`,
      ours: binary.name,
      limit: plain.name,
    },
  ]
  return { contenders: [plain, twin, binary], rows }
}

const starter = (
  site: Site,
  { role, places, broker }: OfRole,
  how: { name: string; runtime?: string },
): Contender => ({
  name: how.name,
  async measure(): Promise<Sample> {
    const made = await processOn(site, { role, places, number: 1 })
    const { runtime } = how
    const one = runtime ? new Replica({ ...made.options, runtime, entry: role }) : made
    const startedAt = performance.now()
    one.start()
    try {
      await waitFor(async () => (await fetch(`${one.url}/health/ready`)).ok, {
        timeoutMs: 60_000,
        what: `${role} to be ready`,
        intervalMs: 5,
      })
      // Ready to project means that its consumers are there, too.
      if (role === 'query')
        await waitFor(async () => (await broker.depths(queuesOf(users.group))).consumers >= PARTITIONS, {
          timeoutMs: 60_000,
          what: 'its consumers',
          intervalMs: 5,
        })
      const elapsedMs = performance.now() - startedAt
      await Bun.sleep(site.sizes.idleMs)
      return { count: 1, elapsedMs, cpuMs: {}, rssMb: { [SELF]: rssMb(one.pid!) } }
    } finally {
      await one.stop()
    }
  },
})

async function compiled(site: Site): Promise<string> {
  const outfile = join(site.dir, 'outbox-cqrs')
  // Modules that await at their top level are none that CommonJS knows.
  const flags = ['--compile', '--minify', '--bytecode', '--format=esm', `--outfile=${outfile}`]
  await run([process.execPath, 'build', ...flags, 'ops/main.ts'], { cwd: ROOT, signal: site.signal })
  return outfile
}

/** What has to be on a machine, as a file or a folder. */
async function sizes(site: Site, binary: string): Promise<Comparison> {
  const bundle = join(site.dir, 'bundle')
  const flags = '--target=bun --splitting --minify-whitespace --minify-syntax'.split(' ')
  await run([process.execPath, 'build', ...flags, `--outdir=${bundle}`, 'ops/main.ts'], {
    cwd: ROOT,
    signal: site.signal,
  })
  const mb = (name: string, size: () => Promise<number>): Contender => ({
    name,
    measure: async () => ({ count: 1, elapsedMs: 1, cpuMs: {}, rssMb: { [SELF]: (await size()) / 1e6 } }),
  })
  const row = { unit: 'MB', better: 'lower', of: ({ rssMb: size }: Sample) => size![SELF]! } as const
  const contenders = [
    mb('the compiled binary', async () => (await stat(binary)).size),
    mb('Bun itself', async () => (await stat(process.execPath)).size),
    mb("the image's own layer, the bundle", () => sizeOf(bundle)),
    mb('the packages and sources that it is made of', async () => {
      const folders = ['node_modules', 'command', 'query', 'shared', 'ops'].map((name) =>
        sizeOf(join(ROOT, name)),
      )
      return (await Promise.all(folders)).reduce((total, size) => total + size, 0)
    }),
  ]
  const [binaryName, bun, layer, sources] = contenders.map(({ name }) => name) as [
    string,
    string,
    string,
    string,
  ]
  return {
    contenders,
    repetitionsMax: 1,
    rows: [
      { ...row, name: 'size-binary', title: 'Size of the compiled binary', ours: binaryName, limit: bun },
      { ...row, name: 'size-bundle', title: "Size of the image's own layer", ours: layer, limit: sources },
    ],
  }
}

async function sizeOf(folder: string): Promise<number> {
  const output = await run(['du', '--summarize', '--bytes', folder])
  return Number(output.split('\t')[0])
}

import { query } from '../../../../ops/faults/world/places.ts'
import { type Contender, Incomplete, type Sample } from '../../machinery/comparison.ts'
import { metered, one, partOf, type Site } from '../../machinery/site.ts'
import { wrk } from '../../machinery/wrk.ts'
import { settled } from '../written.ts'
import type { Peers } from './install.ts'
import { peerPlaces, peerProcess } from './site.ts'

interface Writer {
  readonly name: string
  readonly program: string
  readonly setting: 'default' | 'best'
  readonly scripts: readonly string[]
  /** How many messages are stored with the users; left out where they go to the broker at once. */
  readonly outbox?: string
}

const writers: readonly Writer[] = [
  {
    name: '`pg-transactional-outbox` 0.5.7, its message in the same transaction',
    program: 'outbox-service.mjs',
    setting: 'best',
    scripts: ['outbox.sql'],
    outbox: 'outbox',
  },
  {
    name: '`@fullstackhouse/nestjs-outbox` 4.1.2, settings of its README',
    program: 'nestjs-outbox-service.mjs',
    setting: 'default',
    scripts: [],
  },
  {
    name: '`@fullstackhouse/nestjs-outbox` 4.1.2, polling for 200 each 50 ms',
    program: 'nestjs-outbox-service.mjs',
    setting: 'best',
    scripts: [],
  },
  {
    name: 'NestJS 11, save then publish',
    program: 'nest-service.mjs',
    setting: 'default',
    scripts: [],
  },
  {
    name: 'NestJS 11, save then publish, confirm awaited',
    program: 'nest-service.mjs',
    setting: 'best',
    scripts: [],
  },
]

const CONNECTIONS = 64
const WARM_UP_S = 1
const RUN = 'p'
/** The slowest of them take this long for a request that others wait with. */
const QUIET = { quietMs: 1_000 }

/** `POST /users` of each peer with the same load. Those that publish in the same process do so meanwhile. */
export const peerWriters = (site: Site, peers: Peers): Promise<Contender[]> =>
  Promise.all(writers.map((writer) => contenderOf(site, peers, writer)))

async function contenderOf(site: Site, peers: Peers, writer: Writer): Promise<Contender> {
  const { name, program, setting, scripts, outbox } = writer
  const places = await peerPlaces(site, peers, scripts)
  const service = await peerProcess(site, peers, { role: 'command', places, program, setting })
  const users = { users: 'users' }
  return {
    name,
    isPeer: true,
    async measure(): Promise<Sample> {
      await query(places.ownerUrl, `TRUNCATE users${outbox ? `, ${outbox}` : ''}`)
      service.start()
      try {
        await service.untilGreen('ready')
        const order = { url: service.url, connections: CONNECTIONS, kind: 'create' } as const
        await wrk(site.wrk, { ...order, seconds: WARM_UP_S, run: 'warm' }, site.signal)
        await settled(places, users, QUIET)
        const { result, cpuMs } = await metered(site, [partOf(service)], () =>
          wrk(site.wrk, { ...order, seconds: site.sizes.seconds, run: RUN }, site.signal),
        )
        const made = await settled(places, users, { ...QUIET, beginsWith: `${RUN}-` })
        if (made < result.requests || made > result.requests + CONNECTIONS)
          throw new Incomplete(`${result.requests} writes were acknowledged, and ${made} are there`)
        if (outbox) await checkOutbox(places, outbox)
        return { ...result, count: result.requests, cpuMs }
      } finally {
        await service.stop()
      }
    },
  }
}

async function checkOutbox(places: Parameters<typeof one>[0], outbox: string): Promise<void> {
  const { users, messages } = await one<Record<'users' | 'messages', string>>(
    places,
    `SELECT (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM ${outbox}) AS messages`,
  )
  if (users !== messages) throw new Incomplete(`${users} users and ${messages} messages`)
}

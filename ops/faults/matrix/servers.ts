import { countParked } from '../../../query/projector/parking/operations.ts'
import { waitFor } from '../../wait.ts'
import type { Scene } from '../scene.ts'
import { query, withCollections } from '../world/places.ts'
import type { Fault, Variant } from './fault.ts'

export const F4: Fault = {
  id: 'F4',
  title: 'kill -9 of RabbitMQ',
  expected:
    'writes stay 2xx, reads go on, the relay and the pipeline say so; all is drained after its return',
  variants: [
    { name: 'back after 1 s', runs: 3, seconds: 12, script: (scene) => brokerDies(scene, 1_000) },
    { name: 'back after 60 s', runs: 1, seconds: 75, script: (scene) => brokerDies(scene, 60_000) },
    {
      name: 'back after five minutes',
      runs: 1,
      seconds: 320,
      writesPerSecond: 60,
      readsPerSecond: 10,
      async script(scene) {
        // I10: the backlog is what was written meanwhile, and no process grows with it.
        scene.bounded('backlogEvents', 1.1 * 60 * 320)
        await brokerDies(scene, 300_000)
      },
    },
  ],
}

async function brokerDies(scene: Scene, forMs: number): Promise<void> {
  await scene.at(scene.seconds > 30 ? 5 / scene.seconds : scene.random.between(0.1, 0.25))
  const struckMs = scene.strike('rabbitmq', 'SIGKILL')
  await scene.pause(forMs)
  await scene.mend('rabbitmq')
  scene.red('relay', 'ready', struckMs)
  scene.red('query', 'pipeline', struckMs)
  scene.green('command', 'ready', struckMs)
  scene.green('query', 'ready', struckMs)
  scene.served('writes', struckMs)
  scene.served('reads', struckMs)
}

export const F5: Fault = {
  id: 'F5',
  title: 'PostgreSQL: stop -m immediate, and start',
  expected: '503 within the setting, no process ends, writes again within 10 s of its return; reads go on',
  variants: [
    {
      name: 'away for a moment and for some seconds',
      runs: 4,
      seconds: 14,
      async script(scene) {
        await scene.at(scene.random.between(0.1, 0.25))
        const struckMs = scene.strike('postgres', 'SIGQUIT')
        await scene.pause(scene.random.between(200, 6_000))
        const awayMs = await acrossReturn(scene, 'postgres')
        if (awayMs > 5_000) {
          scene.red('command', 'ready', struckMs)
          scene.red('relay', 'ready', struckMs)
        }
        scene.green('query', 'ready', struckMs)
        scene.served('reads', struckMs)
        // COMMAND_TIMEOUT_MS, and as long again to look for a commit whose answer was lost.
        scene.answered(struckMs, scene.healedMs, 12_000)
      },
    },
  ],
}

/** Brings it back and waits for the first write. @returns how long it was away */
async function acrossReturn(scene: Scene, server: 'postgres'): Promise<number> {
  const downMs = scene.marks.at(-1)!.atMs
  await scene.mend(server)
  await firstWriteAfter(scene, 'the return of PostgreSQL')
  return scene.healedMs - downMs
}

/** Begun after the healing and acknowledged within ten seconds of it. */
export async function firstWriteAfter(scene: Scene, what: string): Promise<void> {
  const { healedMs, client } = scene
  const served = () =>
    client.writes.some(({ attempts }) =>
      attempts.some(({ status, startedMs }) => startedMs > healedMs && status >= 200 && status < 300),
    )
  const isBack = await waitFor(served, { timeoutMs: 10_000, what: 'a write' }).catch(() => false)
  scene.fact('I9', isBack, `no write was acknowledged within 10 s of ${what}`)
}

export const F6: Fault = {
  id: 'F6',
  title: 'pg_terminate_backend five times a second',
  expected: 'the pools heal, no process ends',
  variants: [
    {
      name: 'any connection of any role',
      runs: 2,
      seconds: 12,
      topology: { relays: 2 },
      async script(scene) {
        const { adminUrl } = scene.world.places
        await scene.at(0.1)
        scene.mark('backends are terminated')
        for (let n = 0; n < 5 * 0.7 * scene.seconds; n++) {
          await query(adminUrl, TERMINATE_ONE)
          await scene.pause(180)
        }
        scene.mark('no more')
        scene.healedMs = scene.marks.at(-1)!.atMs
      },
    },
  ],
}

const TERMINATE_ONE = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY random() LIMIT 1`

export const F7: Fault = {
  id: 'F7',
  title: 'kill -9 of the store, and start',
  expected: 'redelivered, nothing parked; writes go on, the query service says so',
  variants: [
    {
      name: 'connections are refused meanwhile',
      runs: 3,
      seconds: 16,
      topology: { queries: 2 },
      script: (scene) => storeDies(scene, true),
    },
    {
      name: 'behind a proxy that accepts and closes them',
      runs: 2,
      seconds: 16,
      topology: { queries: 2 },
      script: (scene) => storeDies(scene, false),
    },
  ],
}

/** @param isRefused the proxies are no more there than the server is, as if there were none */
async function storeDies(scene: Scene, isRefused: boolean): Promise<void> {
  const proxies = scene.world.proxies('mongo')
  await scene.at(scene.random.between(0.1, 0.25))
  if (isRefused) {
    scene.remedy('network', () => Promise.all(proxies.map((proxy) => proxy.up())))
    for (const proxy of proxies) await proxy.down()
  }
  const struckMs = scene.strike('mongo', 'SIGKILL')
  await scene.pause(scene.random.between(3_000, 5_000))
  await scene.mend('mongo')
  await scene.mend('network')
  scene.red('query', 'ready', struckMs)
  scene.green('command', 'ready', struckMs)
  scene.green('relay', 'ready', struckMs)
  scene.served('writes', struckMs)
  const { healedMs, client, world } = scene
  for (const { lifeName } of world.queries) {
    const served = () => client.probes.some(({ by, startedMs }) => by === lifeName && startedMs > healedMs)
    const isBack = await waitFor(served, { timeoutMs: 10_000, what: 'a read' }).catch(() => false)
    scene.fact('I9', isBack, `${lifeName} answered no read within 10 s of the return of the store`)
  }
  await nothingParked(scene)
}

export async function nothingParked(scene: Scene): Promise<void> {
  const parked = await withCollections(scene.world.places.storeUrl, (collectionOf) =>
    countParked(collectionOf),
  )
  scene.fact('I4', parked === 0, `${parked} events were parked`)
}

const frozen = (server: 'postgres' | 'rabbitmq' | 'mongo', seconds: number): Variant => ({
  name: `${server} for ${seconds} s`,
  runs: 1,
  seconds: seconds + 20,
  writesPerSecond: 40,
  patienceMs: 15_000,
  topology: { relays: 2 },
  async script(scene) {
    await scene.at(0.1)
    const struckMs = scene.strike(server, 'SIGSTOP')
    await scene.pause(seconds * 1_000)
    const untilMs = scene.mark('resumed')
    await scene.mend(server)
    switch (server) {
      case 'rabbitmq':
        scene.served('writes', struckMs, untilMs)
        scene.served('reads', struckMs, untilMs)
        // RELAY_CONFIRM_TIMEOUT_MS before it is known to be mute.
        scene.red('relay', 'ready', struckMs, 11_000)
        return
      case 'postgres':
        scene.answered(struckMs, untilMs, 13_000)
        scene.served('reads', struckMs, untilMs)
        scene.red('command', 'ready', struckMs)
        scene.red('relay', 'ready', struckMs)
        await firstWriteAfter(scene, 'the return of PostgreSQL')
        return
      case 'mongo':
        scene.served('writes', struckMs, untilMs)
        scene.red('query', 'ready', struckMs)
        return
      default:
        server satisfies never
    }
  },
})

export const F8: Fault = {
  id: 'F8',
  title: 'SIGSTOP of a server',
  expected: 'time-outs fire, no effect twice, all goes on after it is resumed',
  variants: [frozen('rabbitmq', 30), frozen('postgres', 30), frozen('mongo', 30), frozen('postgres', 90)],
}

export const F18: Fault = {
  id: 'F18',
  title: 'all but two PostgreSQL connections taken',
  expected: 'an answer quickly, no deadlock, and all heals',
  variants: [
    {
      name: 'while every connection of the services is cut',
      runs: 2,
      seconds: 16,
      topology: { commands: 2, relays: 2 },
      async script(scene) {
        const { adminUrl, ownerUrl } = scene.world.places
        await scene.at(0.1)
        const hogs = await hog(ownerUrl, adminUrl, 2)
        scene.remedy('connections', () =>
          Promise.all(hogs.map((one) => one.close({ timeout: 0 }).catch(() => {}))),
        )
        const struckMs = scene.mark(`${hogs.length} connections are taken`)
        await query(adminUrl, TERMINATE_SERVICES)
        await scene.pause(0.4 * scene.seconds * 1_000)
        await scene.mend('connections')
        scene.served('reads', struckMs)
        scene.answered(struckMs, scene.healedMs, 8_000)
      },
    },
  ],
}

const TERMINATE_SERVICES = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND usename IN ('command', 'relay')`

/** Idle connections of the owner, until only `left` are free for ordinary roles. */
async function hog(ownerUrl: string, adminUrl: string, left: number) {
  const [found] = await query<{ free: number }>(
    adminUrl,
    `SELECT (current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
       - current_setting('reserved_connections')::int
       - (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()))::int AS free`,
  )
  const hogs = Array.from(
    { length: Math.max(0, found!.free - left) },
    () => new Bun.SQL(ownerUrl, { max: 1, idleTimeout: 0 }),
  )
  await Promise.all(hogs.map((one) => one.unsafe('SELECT 1')))
  return hogs
}

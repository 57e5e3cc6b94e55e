import { waitFor } from '../../wait.ts'
import { askBroker } from '../../stack/broker-api.ts'
import type { Scene } from '../scene.ts'
import { query } from '../world/places.ts'
import type { Fault } from './fault.ts'
import { nothingParked } from './servers.ts'

export const F10: Fault = {
  id: 'F10',
  title: 'queues of the group, or the exchange, deleted under load',
  expected: 'an alarm; the topology comes back; what the group lost is replayed to it; nothing is parked',
  variants: [
    {
      name: 'one queue of the group',
      runs: 2,
      seconds: 10,
      topology: { queries: 2 },
      script: (scene) => deleteQueues(scene, 1),
    },
    {
      name: 'all queues of the group',
      runs: 2,
      seconds: 10,
      topology: { queries: 2 },
      script: (scene) => deleteQueues(scene, undefined),
    },
    { name: 'the exchange', runs: 2, seconds: 10, topology: { queries: 2 }, script: deleteExchange },
  ],
}

async function deleteQueues(scene: Scene, count: number | undefined): Promise<void> {
  const { random, world } = scene
  const { vhost } = world.places
  await scene.at(random.between(0.2, 0.4))
  const queues = await askBroker<{ name: string }[]>(
    world.stack.env,
    'GET',
    `/api/queues/${vhost}?disable_stats=true`,
  )
  const ours = random.shuffled(queues.map(({ name }) => name).filter((name) => name.startsWith('users-g')))
  scene.losesQueues = true
  const struckMs = scene.mark('queues are deleted')
  await Promise.all(
    ours.slice(0, count).map((name) => askBroker(world.stack.env, 'DELETE', `/api/queues/${vhost}/${name}`)),
  )
  scene.served('writes', struckMs, struckMs + 3_000)
  scene.served('reads', struckMs, struckMs + 3_000)
  // One may be filled again between two looks: its replicas were seen red for 90 ms to 2.3 s.
  if (count === undefined) scene.red('query', 'pipeline', struckMs)
  await scene.at(0.95)
  const noticed = await Promise.all(world.queries.map(({ url }) => lostQueues(url)))
  scene.fact(
    'I9',
    noticed.some((lost) => lost > 0),
    'no query process counted a lost queue',
  )
  await nothingParked(scene)
}

/** How many a process has noticed, by its metrics. */
async function lostQueues(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text()
  const counts = text.matchAll(/^projector_replays_needed_total\{[^}]*reason="queue-lost"[^}]*\} (\d+)/gm)
  return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
}

async function deleteExchange(scene: Scene): Promise<void> {
  const { random, world } = scene
  await scene.at(random.between(0.2, 0.4))
  // The relay goes on as soon as one group's queues are bound again: what comes until another's are, that group misses.
  scene.losesQueues = true
  const struckMs = scene.mark('the exchange is deleted')
  await askBroker(world.stack.env, 'DELETE', `/api/exchanges/${world.places.vhost}/events`)
  await scene.at(1)
  scene.served('writes', struckMs)
  scene.served('reads', struckMs)
  scene.red('relay', 'pipeline', struckMs)
  await nothingParkedByRelay(scene)
  await nothingParked(scene)
}

async function nothingParkedByRelay(scene: Scene): Promise<void> {
  const [found] = await query<{ parked: number }>(
    scene.world.places.ownerUrl,
    'SELECT count(*)::int AS parked FROM outbox_parked',
  )
  scene.fact('I4', found!.parked === 0, `the relay parked ${found!.parked} events`)
}

export const F11: Fault = {
  id: 'F11',
  title: 'a memory alarm of the broker, and a disk alarm',
  expected: 'publishers wait, health says why, writes and reads go on; all is drained after',
  variants: [
    { name: 'memory', runs: 2, seconds: 14, script: (scene) => alarm(scene, MEMORY) },
    { name: 'disk', runs: 1, seconds: 14, script: (scene) => alarm(scene, DISK) },
  ],
}

interface Alarm {
  readonly raise: readonly string[]
  readonly clear: readonly string[]
}
const MEMORY: Alarm = {
  raise: ['set_vm_memory_high_watermark', '0.0001'],
  clear: ['set_vm_memory_high_watermark', 'absolute', '1GB'],
}
const DISK: Alarm = { raise: ['set_disk_free_limit', '100000GB'], clear: ['set_disk_free_limit', '100MB'] }

async function alarm(scene: Scene, { raise, clear }: Alarm): Promise<void> {
  const broker = scene.world.stack.servers.rabbitmq
  await scene.at(0.1)
  scene.remedy('alarm', () => broker.control!(clear))
  await broker.control!(raise)
  const struckMs = scene.mark('the alarm is raised')
  const [relay] = scene.world.relays
  const says = async () =>
    (await (await fetch(`${relay!.url}/health/pipeline`)).text()).includes('blocks publishers')
  const said = await waitFor(says, { timeoutMs: 5_000, what: 'the relay to say why' }).catch(() => false)
  scene.fact('I9', said, 'the relay did not say within 5 s that the broker blocks publishers')
  await scene.pause(0.35 * scene.seconds * 1_000)
  await scene.mend('alarm')
  scene.red('relay', 'pipeline', struckMs)
  scene.served('writes', struckMs)
  scene.served('reads', struckMs)
  await nothingParkedByRelay(scene)
}

export const F12: Fault = {
  id: 'F12',
  title: 'nacks: queues that are full and refuse',
  expected: 'the relay waits, probes and alarms; nothing is parked or lost; it drains when there is room',
  variants: [
    {
      name: 'x-max-length with reject-publish, nobody taking',
      runs: 3,
      seconds: 16,
      topology: { settings: { PROJECTOR_PREFETCH: '10' } },
      script: fullQueues,
    },
  ],
}

async function fullQueues(scene: Scene): Promise<void> {
  const { world, random } = scene
  const policy = `/api/policies/${world.places.vhost}/full`
  await scene.at(random.between(0.1, 0.2))
  scene.remedy('queues', async () => {
    await askBroker(world.stack.env, 'DELETE', policy)
    for (const one of world.queries) one.signal('SIGCONT')
  })
  await askBroker(world.stack.env, 'PUT', policy, {
    pattern: '^users-g',
    'apply-to': 'queues',
    definition: { 'max-length': 10, overflow: 'reject-publish' },
  })
  for (const one of world.queries) one.signal('SIGSTOP')
  const struckMs = scene.mark('queues take ten messages more')
  await scene.pause(random.between(4_000, 6_000))
  await scene.mend('queues')
  scene.served('writes', struckMs)
  scene.red('relay', 'pipeline', struckMs, 8_000)
  await nothingParkedByRelay(scene)
}

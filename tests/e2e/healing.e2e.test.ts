import { afterEach, beforeEach, expect, test } from 'bun:test'
import type { AMQPChannel } from '@cloudamqp/amqp-client'
import { listReplays } from '../../command/relay/replay/operations.ts'
import { operatorWorld, type World } from '../../ops/operate/testing/world.ts'
import { createRecords } from '../../query/projector/records.ts'
import { readModels } from '../../query/read-models.ts'
import { aggregateBinding, exchangeName, queueName } from '../../shared/messaging/names.ts'
import { startProcess, type RunningProcess } from '../support/processes.ts'
import { waitFor } from '../support/stack.ts'

let world: World
let channel: AMQPChannel
let stopRelay: () => Promise<void>
let replicas: RunningProcess[]
let writing: { stop(): Promise<void> } | undefined

beforeEach(async () => {
  world = await operatorWorld()
  channel = await (await world.connections.broker()).channel()
  stopRelay = await world.startRelay()
  replicas = await Promise.all(['a', 'b'].map(startReplica))
  await waitFor(
    async () => (await needs()).length === 0 && (await queues()).length === 2 * readModels.length,
    {
      timeoutMs: 30_000,
      what: 'the first filling',
    },
  )
  writing = write()
})
afterEach(async () => {
  await writing?.stop()
  // One that a failed test left standing still would not hear of the stop.
  for (const { pid } of replicas) process.kill(pid, 'SIGCONT')
  await Promise.all(replicas.map((replica) => replica.stop()))
  await world.end()
})

const timeoutMs = 30_000
const queue = queueName('users-g1', 0, 2)

const startReplica = (name: string) =>
  startProcess('query', {
    ...world.env,
    REPLICA_ID: name,
    PIPELINE_OVERDUE_MS: '20000',
    // Little is with the consumer, and so safe from a purge.
    PROJECTOR_PREFETCH: '10',
    PROJECTOR_BATCH_MAX: '10',
  })
const records = () => createRecords(world.connections.collectionOf)
const queues = () => records().queues()
const needs = async () => (await queues()).flatMap(({ replay }) => (replay ? [replay] : []))

/** Creates and changes users until it is told to stop. */
function write() {
  const enough = new AbortController()
  const running = (async () => {
    while (!enough.signal.aborted) {
      const ids = await Promise.all([world.createUser(), world.createUser(), world.createUser()])
      await Promise.all(ids.slice(1).map((id) => world.changeUser(id)))
      await world.deleteUser(ids[2]!)
    }
  })()
  return {
    async stop() {
      enough.abort()
      await running
    },
  }
}
async function written(count: number): Promise<void> {
  const head = async () => Number((await world.sql`SELECT coalesce(max(seq), 0) AS head FROM outbox`)[0].head)
  const start = await head()
  await waitFor(async () => (await head()) >= start + count, { timeoutMs, what: `${count} events` })
}

/** The read model holds what the table holds, to the version, and the pipeline of every replica is well. */
async function converged(): Promise<void> {
  await writing?.stop()
  await waitFor(async () => (await needs()).length === 0, { timeoutMs, what: 'the replay to end' })
  await world.converged()
  const rows: { id: string; version: number }[] = await world.sql`SELECT id, version FROM users ORDER BY id`
  const wanted = rows.map(({ id, version }) => `${id} ${version}`)
  const shown = async () =>
    (await world.users.find({ deleted_at: { $exists: false } }, { sort: { _id: 1 } }).toArray()).map(
      ({ _id, version }) => `${_id} ${version}`,
    )
  expect(wanted.length).toBeGreaterThan(10)
  await waitFor(async () => (await shown()).join() === wanted.join(), { timeoutMs, what: 'all users' })
  for (const replica of replicas)
    await waitFor(async () => (await replica.get('/health/pipeline')).status === 200, {
      timeoutMs,
      what: 'a pipeline that is well',
    })
}

/** Why replays were asked for, but the one of a first start: the relay keeps it, whichever replica noticed and is gone. */
const alarms = async () =>
  (await listReplays(world.sql, { finished: 100 }))
    .map(({ reason }) => reason)
    .filter((reason) => reason !== 'first')

test('restarts of everything and kill -9 of replicas under load are no reason for an alarm', async () => {
  for (let round = 0; round < 3; round++) {
    await written(30)
    await replicas[round % 2]!.kill('SIGKILL')
    await written(30)
    replicas[round % 2] = await startReplica('ab'[round % 2]!)
  }
  await Promise.all([stopRelay(), world.startRelay()])
  await written(30)
  await replicas[0]!.stop()
  replicas[0] = await startReplica('a')
  await written(30)
  await converged()
  expect(await alarms()).toEqual([])
}, 120_000)

test("a group's binding that goes under load, while another group's stays, is noticed and healed", async () => {
  await channel.queueDeclare('others', { durable: true }, { 'x-queue-type': 'quorum' })
  await channel.queueBind('others', exchangeName, 'users.#')
  await written(30)
  await channel.queueUnbind(queue, exchangeName, aggregateBinding('users', 0, 2))
  await waitFor(async () => (await alarms()).length > 0, { timeoutMs, what: 'the alarm' })
  expect((await alarms()).join()).toContain('events-missing')
  await written(30)
  await converged()
}, 120_000)

/** The replica that the broker delivers the partition to which is harmed, and the other. */
async function activeAndStandby(): Promise<[RunningProcess, RunningProcess]> {
  const active = /^projector_consumer_active\{(?=.*group="users-g1")(?=.*partition="0").*\} 1$/m
  const find = async () => {
    const texts = await Promise.all(replicas.map(async (replica) => (await replica.get('/metrics')).text))
    const [index, other] = texts
      .map((text) => active.test(text))
      .entries()
      .filter(([, is]) => is)
      .map(([at]) => at)
    return index === undefined || other !== undefined ? undefined : index
  }
  const index = await waitFor(find, { timeoutMs, what: 'one active consumer' })
  return [replicas[index]!, replicas[1 - index]!]
}

/** Nobody takes anything meanwhile, as in a long pause of a collector. */
async function purgeBehindTheirBacks(): Promise<void> {
  for (const { pid } of replicas) process.kill(pid, 'SIGSTOP')
  await written(100)
  const { messageCount } = await channel.queuePurge(queue)
  expect(messageCount).toBeGreaterThan(5)
  await written(30)
}

/** What happens to the consumer before the next heartbeat; whether it is gone then. */
const handOvers: Record<string, (active: RunningProcess) => Promise<boolean>> = {
  'there is no hand-over': async () => false,
  'its consumer is killed': async (active) => {
    await active.kill('SIGKILL')
    return true
  },
  'its consumer leaves': async (active) => {
    process.kill(active.pid, 'SIGCONT')
    await active.stop()
    return true
  },
}

for (const [what, handOver] of Object.entries(handOvers))
  test(`a queue that is purged under load, where ${what}, is noticed and healed`, async () => {
    await written(30)
    const [active, standby] = await activeAndStandby()
    await purgeBehindTheirBacks()
    if (await handOver(active)) replicas = [standby]
    for (const { pid } of replicas) process.kill(pid, 'SIGCONT')
    await waitFor(async () => (await alarms()).length > 0, { timeoutMs, what: 'the alarm' })
    await converged()
  }, 120_000)

import type { AMQPProperties } from '@cloudamqp/amqp-client'
import { connectAmqp } from '../../../shared/messaging/amqp-connection.ts'
import { eventContentType, eventRoutingKey, exchangeName } from '../../../shared/messaging/names.ts'
import {
  listParked,
  requestRelease,
  type ParkedSummary,
} from '../../../query/projector/parking/operations.ts'
import { readModels } from '../../../query/read-models.ts'
import { waitFor } from '../../wait.ts'
import { isDocumentWrite } from './moments.ts'
import type { Scene } from '../scene.ts'
import { withCollections } from '../world/places.ts'
import type { World } from '../world/world.ts'
import { ask } from '../load/http.ts'
import { markedName } from '../check/match.ts'
import { nowMs } from '../clock.ts'
import type { Fault } from './fault.ts'

export const F16: Fault = {
  id: 'F16',
  title: 'poisoned messages',
  expected: 'parked with their reason, others flow, no innocent is parked',
  variants: [
    {
      name: 'bad JSON, unknown type, unknown version, 10 MB, no id',
      runs: 3,
      seconds: 10,
      topology: { queries: 2 },
      script: unreadable,
    },
    {
      name: 'an event that kills whoever applies it',
      runs: 2,
      seconds: 20,
      topology: { queries: 2 },
      script: deadly,
    },
  ],
}

interface Poisoned {
  readonly code: string
  readonly properties: AMQPProperties
  readonly body: string
}

const CREATED = 'users.user.created.v2'

function envelope(over: Record<string, unknown> = {}, firstName = 'Poisoned'): Record<string, unknown> {
  const id = Bun.randomUUIDv7()
  const now = new Date().toISOString()
  return {
    specversion: '1.0',
    id: Bun.randomUUIDv7(),
    source: '/command/users',
    type: CREATED,
    subject: id,
    time: now,
    datacontenttype: 'application/json',
    dataschema: `/schemas/${CREATED}`,
    partitionkey: id,
    sequence: '1',
    logseq: '1',
    data: {
      id,
      first_name: firstName,
      last_name: 'Poisoned',
      email: `${id}@example.com`,
      created_at: now,
      updated_at: now,
      changed: null,
    },
    ...over,
  }
}

const message = (
  code: string,
  value: Record<string, unknown> | string,
  properties: AMQPProperties = {},
): Poisoned => ({
  code,
  body: typeof value === 'string' ? value : JSON.stringify(value),
  properties: {
    type: CREATED,
    messageId: Bun.randomUUIDv7(),
    contentType: eventContentType,
    deliveryMode: 2,
    ...properties,
  },
})

const poisons = (): Poisoned[] => [
  message('not-json', '{"specversion": '),
  message('unknown-type', envelope({ type: 'users.user.exploded.v2' }), { type: 'users.user.exploded.v2' }),
  message('unknown-type', envelope({ type: 'users.user.created.v99' }), { type: 'users.user.created.v99' }),
  message('too-large', envelope({}, 'x'.repeat(10_000_000))),
  message('not-an-envelope', envelope({ id: undefined }), { messageId: undefined }),
]

/** Sends them as a foreign publisher would. */
async function publish(world: World, messages: readonly Poisoned[], partition: () => number): Promise<void> {
  const amqp = await connectAmqp({ url: world.places.brokerUrl, name: 'poisoner', timeoutMs: 5_000 })
  try {
    const channel = await amqp.channel()
    await channel.confirmSelect()
    for (const { body, properties } of messages) {
      const key = eventRoutingKey(CREATED, partition(), world.topology.partitions)
      await channel.basicPublish(exchangeName, key, body, properties, true)
    }
  } finally {
    await amqp.close()
  }
}

const parkedIn = ({ world }: Scene): Promise<readonly ParkedSummary[]> =>
  withCollections(world.places.storeUrl, (collectionOf) => listParked(collectionOf))

const codesOf = (list: readonly { code: string }[]) => list.map(({ code }) => code).sort()

async function unreadable(scene: Scene): Promise<void> {
  const sent: Poisoned[] = []
  for (const part of [0.2, 0.5]) {
    await scene.at(part)
    const some = scene.random.shuffled(poisons())
    await publish(scene.world, some, () => scene.random.below(scene.world.topology.partitions))
    sent.push(...some)
    scene.mark(`${some.length} poisoned messages`)
  }
  // Each read model has its own copy.
  const all = readModels.flatMap(() => sent)
  const areParked = async () => (await parkedIn(scene)).length >= all.length
  await waitFor(areParked, { timeoutMs: 15_000, what: 'parking' }).catch(() => {})
  const found = codesOf(await parkedIn(scene))
  scene.fact('I4', found.join() === codesOf(all).join(), `parked: ${found}; sent: ${codesOf(all)}`)
}

/**
 * The harness plays the event's part: whoever is about to write its document is killed, until it is parked. Then the
 * defect is mended, as it were, and an operator has it applied after all.
 */
async function deadly(scene: Scene): Promise<void> {
  const { world } = scene
  await scene.at(0.15)
  let deaths = 0
  for (const query of world.queries)
    world.proxy(query, 'mongo').onData = (chunk, direction) => {
      if (direction !== 'toServer' || !chunk.includes(DEADLY) || !isDocumentWrite(chunk)) return undefined
      deaths++
      query.condemn()
      query.signal('SIGKILL')
      scene.mark(`${query.name} is dead`)
      return new Promise(() => {})
    }
  const id = await createDeadly(scene)
  // As a supervisor does.
  const isParked = async () => {
    for (const query of world.queries) if (!query.isRunning) query.start()
    return (await parkedIn(scene)).length >= readModels.length
  }
  await waitFor(isParked, {
    // Each read model takes its deaths.
    timeoutMs: 300_000,
    what: 'the deadly event to be parked',
    intervalMs: 300,
  }).catch(() => {})
  for (const proxy of world.proxies('mongo')) proxy.onData = undefined
  const parked = await parkedIn(scene)
  scene.mark(`${deaths} deaths, ${parked.length} parked`)
  const isIt = parked.every(({ aggregate_id, code }) => aggregate_id === id && code === 'kills-the-process')
  const told = parked.map(({ code, aggregate_id }) => `${code} of ${aggregate_id}`).join(', ')
  scene.fact(
    'I4',
    // By every read model that was about to write it.
    parked.length === readModels.length && isIt,
    `parked after ${deaths} deaths: ${told}, and only ${id} is deadly`,
  )
  await withCollections(world.places.storeUrl, (collectionOf) =>
    requestRelease(collectionOf, {}, { by: 'faults' }),
  )
  const isReleased = async () => (await parkedIn(scene)).length === 0
  await waitFor(isReleased, { timeoutMs: 20_000, what: 'the release' }).catch(() => {})
  scene.fact('I4', await isReleased(), 'what was parked could not be released')
  scene.healedMs = scene.mark('released')
}

const DEADLY = 'Deadly'

/** One of the client's writes. @returns the user's id */
async function createDeadly({ client, world }: Scene): Promise<string | undefined> {
  const email = `deadly.${world.places.name}@faults.example.com`
  const write = client.note({ kind: 'create', email })
  const [command] = world.commands
  const startedMs = nowMs()
  const body = { first_name: markedName(write.n), last_name: DEADLY, email }
  const { status, body: user } = await ask(`${command!.url}/users`, {
    method: 'POST',
    body,
    patienceMs: 10_000,
  })
  const id = user?.['id'] as string | undefined
  write.attempts.push({
    startedMs,
    endedMs: nowMs(),
    to: command!.name,
    status,
    ...(status === 201 ? { id, version: 1 } : {}),
  })
  return id
}

import { SQL } from 'bun'
import { PostgresLog } from '../../../command/relay/postgres-log.ts'
import { eventMessage } from '../../../command/relay/window.ts'
import { connectAmqp } from '../../../shared/messaging/amqp-connection.ts'
import { exchangeName } from '../../../shared/messaging/names.ts'
import { markedName } from '../check/match.ts'
import { nowMs } from '../clock.ts'
import type { Scene } from '../scene.ts'
import type { Fault } from './fault.ts'
import { nothingParked } from './servers.ts'

const WRITERS = 32

export const F14: Fault = {
  id: 'F14',
  title: '32 writers with random pauses before COMMIT',
  expected: 'the relay skips nothing, whatever order the transactions commit in',
  variants: [
    {
      name: 'beside the command service, one in ten rolled back',
      runs: 20,
      seconds: 5,
      writesPerSecond: 30,
      patienceMs: 15_000,
      script: pausingWriters,
    },
  ],
}

/** They write as any service could that is granted the command role: a user and its event in one transaction. */
async function pausingWriters(scene: Scene): Promise<void> {
  const { client, random, world } = scene
  const sql = new SQL(world.places.commandUrl, { max: WRITERS })
  await scene.at(0.1)
  scene.mark('the writers begin')
  const untilMs = nowMs() + 0.8 * scene.seconds * 1_000
  await Promise.all(
    Array.from({ length: WRITERS }, async () => {
      while (nowMs() < untilMs) await writeSlowly(sql, { client, random })
    }),
  )
  scene.mark('the writers are done')
  await sql.close()
}

async function writeSlowly(sql: SQL, { client, random }: Pick<Scene, 'client' | 'random'>): Promise<void> {
  const write = client.note({ kind: 'create', id: Bun.randomUUIDv7() })
  const isRolledBack = random.next() < 0.1
  const pauseS = random.between(0, 0.012)
  const now = new Date().toISOString()
  const email = `w${write.n}.sql@faults.example.com`
  const user = {
    id: write.id!,
    first_name: markedName(write.n),
    last_name: 'Writer',
    email,
    created_at: now,
    updated_at: now,
  }
  const startedMs = nowMs()
  const committed = await sql
    .begin(async (transaction) => {
      await transaction`INSERT INTO users ${sql({ ...user, email_key: email, version: 1 })}`
      await transaction`INSERT INTO outbox ${sql({
        id: Bun.randomUUIDv7(),
        aggregatetype: 'users',
        aggregateid: user.id,
        type: 'users.user.created.v2',
        version: 1,
        payload: { ...user, changed: ['first_name', 'last_name', 'email'] },
      })}`
      await transaction`SELECT pg_sleep(${pauseS})`
      if (isRolledBack) throw new RolledBack()
    })
    .then(
      () => true,
      (error: unknown) => (error instanceof RolledBack ? false : undefined),
    )
  const status = committed === undefined ? 0 : committed ? 201 : 422
  write.attempts.push({
    startedMs,
    endedMs: nowMs(),
    to: 'sql',
    status,
    ...(committed ? { id: user.id, version: 1 } : {}),
  })
}

class RolledBack extends Error {}

export const F15: Fault = {
  id: 'F15',
  title: 'every delivery duplicated, shuffled, and all of it replayed three times',
  expected: 'the same documents',
  variants: [
    {
      name: 'while the load goes on, and after it',
      runs: 4,
      seconds: 8,
      topology: { queries: 2 },
      script: storm,
    },
  ],
}

/** A foreign publisher that sends copies of the log, in any order, to the same exchange. */
async function storm(scene: Scene): Promise<void> {
  const { random, world } = scene
  const { relayUrl, brokerUrl } = world.places
  const log = new PostgresLog({ url: relayUrl, statementTimeoutMs: 5_000 })
  const amqp = await connectAmqp({ url: brokerUrl, name: 'storm', timeoutMs: 5_000 })
  const channel = await amqp.channel()
  await channel.confirmSelect()
  try {
    for (const part of [0.2, 0.4, 0.6, 0.8]) {
      await scene.at(part)
      const { rows } = await log.read({ after: 0, limit: 100_000, bytesMax: 1e9 })
      const messages = rows.map((row) => eventMessage(row, world.topology.partitions))
      const copies = part < 0.8 ? [...messages, ...messages] : [...messages, ...messages, ...messages]
      const sending = random.shuffled(copies).map((message) =>
        channel.basicPublish(exchangeName, message.routingKey, message.body, {
          contentType: message.contentType,
          messageId: message.id,
          type: message.type,
          deliveryMode: 2,
        }),
      )
      await Promise.all(sending)
      scene.mark(`${copies.length} copies were sent`)
    }
  } finally {
    await amqp.close()
    await log.stop()
  }
  await nothingParked(scene)
}

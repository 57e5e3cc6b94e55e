import { defineEntity, MikroORM, p } from '@mikro-orm/postgresql'
import { User } from '../../../command/users/user.ts'
import { answerOrders, setting } from './orders.ts'

/** What people write with MikroORM: both entities persisted in one transaction for each request. No HTTP. */
const Outbox = defineEntity({
  name: 'Outbox',
  tableName: 'outbox',
  properties: {
    id: p.uuid().primary(),
    aggregatetype: p.text(),
    aggregateid: p.text(),
    type: p.text(),
    version: p.integer(),
    payload: p.json<object>(),
    headers: p.json<object>(),
    occurred_at: p.datetime(3),
  },
})

const orm = new MikroORM({
  clientUrl: setting('POSTGRES_URL'),
  schema: 'plain',
  entities: [User, Outbox],
  pool: { min: 0, max: 20 },
})
await orm.connect()

async function request(): Promise<void> {
  const [id, now] = [Bun.randomUUIDv7(), new Date()]
  const person = { id, first_name: 'Ada', last_name: 'Lovelace', email: `m-${id}@bench.example` }
  await orm.em.fork().transactional(async (em) => {
    em.persist(
      em.create(User, { ...person, email_key: person.email, version: 1, created_at: now, updated_at: now }),
    )
    em.persist(
      em.create(Outbox, {
        id: Bun.randomUUIDv7(),
        aggregatetype: 'users',
        aggregateid: id,
        type: 'users.user.created.v2',
        version: 1,
        payload: { ...person, created_at: now.toISOString(), updated_at: now.toISOString() },
        headers: {},
        occurred_at: now,
      }),
    )
  })
}

// Compiled before the first figure.
await Promise.all(Array.from({ length: 64 }, request))

await answerOrders<{ seconds: number; concurrency: number }>(async ({ seconds, concurrency }) => {
  const startedAt = performance.now()
  const endsAt = startedAt + seconds * 1_000
  let count = 0
  const worker = async () => {
    while (performance.now() < endsAt) {
      await request()
      count++
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  return { count, elapsedMs: performance.now() - startedAt }
})

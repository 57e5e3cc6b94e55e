import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Collection, Document, FindOptions } from 'mongodb'
import type { UserEvent } from '../../shared/events/users.ts'
import { createHealth } from '../../shared/process/health.ts'
import { silentLogger } from '../../shared/process/log.ts'
import { createMongoUrl, dropMongo } from '../../tests/support/stack.ts'
import { createQueryApp } from '../app.ts'
import { createDatabase, type Database } from '../database.ts'
import type { CollectionOf } from '../projector/collection-of.ts'
import { makeIndexes } from '../projector/indexes.ts'
import { createStoreWriter } from '../projector/store-writer.ts'
import { readModels } from '../read-models.ts'
import { projectUser, users } from './users.ts'

const url = createMongoUrl()
const idOf = (n: number) => `018f0000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`
let database: Database
/** Plans of what the service asked the store for. */
let plansOf: (path: string) => Promise<Plan[]>

beforeAll(async () => {
  database = createDatabase({ url, readModels, poolMax: 4, timeoutMs: 3_000, log: silentLogger })
  await makeIndexes({ readModels, collectionOf: database.collectionOf })
  // Enough that to look at all of them is the worst plan.
  const time = '2026-01-02T03:04:05.678Z'
  const changes = Array.from({ length: 20_000 }, (_, n) => {
    const [id, name] = [idOf(n), `Name${n}`]
    const data = { id, first_name: name, last_name: name, email: `${name}@example.com` }
    const event = { type: 'users.user.created.v2', data: { ...data, created_at: time, updated_at: time } }
    return { id, version: 1, time, document: projectUser(event as UserEvent), isNew: true }
  })
  await createStoreWriter(database.collectionOf).write(users.collection, changes)
  plansOf = planner(database.collectionOf)
})
afterAll(async () => {
  await database.stop()
  await dropMongo(url)
})

interface Plan {
  readonly indexes: readonly string[]
  readonly sorts: boolean
  readonly looksAtAll: boolean
}

function planner(collectionOf: CollectionOf) {
  let asked: [filter: Document, options: FindOptions][] = []
  const noting = ((name: string) => {
    const collection = collectionOf<{ _id: string }>(name)
    if (name !== users.collection) return collection
    return new Proxy(collection, {
      get: (target, property) =>
        property === 'find'
          ? (filter: Document, options: FindOptions) => {
              asked.push([filter, options])
              return target.find(filter, options)
            }
          : Reflect.get(target, property),
    })
  }) as CollectionOf
  const app = createQueryApp({
    collectionOf: noting,
    timeoutMs: 3_000,
    publicUrl: 'http://query.test',
    log: silentLogger,
    health: createHealth({ ready: [], pipeline: [] }),
    metricsText: async () => '',
  })
  return async (path: string) => {
    asked = []
    const answer = await app.handle(new Request(`http://query.test${path}`))
    expect([path, answer.status]).toEqual([path, 200])
    const collection: Collection<{ _id: string }> = collectionOf(users.collection)
    return Promise.all(
      asked.map(async ([filter, options]) => planOf(await collection.find(filter, options).explain())),
    )
  }
}

/** Of MongoDB's winning plan, or FerretDB's, which is PostgreSQL's. */
function planOf(explained: Document): Plan {
  const indexes = new Set<string>()
  let [sorts, looksAtAll] = [false, false]
  function visit(node: unknown): void {
    if (typeof node !== 'object' || node === null) return
    if (Array.isArray(node)) return node.forEach(visit)
    const {
      stage,
      indexName,
      'Index Name': index,
      'Node Type': type,
      ...rest
    } = node as Record<string, unknown>
    if (stage === 'IXSCAN' || stage === 'IDHACK') indexes.add(String(indexName ?? '_id_'))
    if (typeof index === 'string') indexes.add(index)
    if (stage === 'SORT' || type === 'Sort' || type === 'Incremental Sort') sorts = true
    if (stage === 'COLLSCAN' || type === 'Seq Scan') looksAtAll = true
    for (const part of Object.values(rest)) visit(part)
  }
  const planner = explained['queryPlanner'] as Document
  visit(planner['winningPlan'] ?? planner['Plan'])
  return { indexes: [...indexes].sort(), sorts, looksAtAll }
}

const byIndexes = (...indexes: string[]) => [{ indexes, sorts: false, looksAtAll: false }]

test('one user is found by its id, and pages in the order of ids are read in that order', async () => {
  expect(await plansOf(`/users/${idOf(7)}`)).toEqual(byIndexes('_id_'))
  expect(await plansOf('/users?limit=20')).toEqual(byIndexes('_id_'))
  expect(await plansOf('/users?limit=20&sort=-created_at')).toEqual(byIndexes('_id_'))
})

test('each filter has its index, and nothing is looked at in vain', async () => {
  const found = async (path: string) =>
    (await plansOf(path)).map(({ indexes, looksAtAll }) => ({ indexes, looksAtAll }))
  const by = (...indexes: string[]) => [{ indexes, looksAtAll: false }]
  expect(await found('/users?email=name7@example.com')).toEqual(by('email_key'))
  expect(await found('/users?last_name=Name7')).toEqual(by('last_name_key'))
  expect(await found('/users?name_prefix=name29')).toEqual(by('first_name_key', 'last_name_key'))
})

import { expect, test } from 'bun:test'
import type { RunningStack } from '../stack/running.ts'
import { placesOf } from './places.ts'

const running = {
  pid: 7,
  startedAt: '1',
  servers: [],
  env: {
    POSTGRES_ADMIN_URL: 'postgres://postgres@127.0.0.1:15432/postgres',
    POSTGRES_OWNER_URL: 'postgres://owner:owner@127.0.0.1:15432/commands',
    POSTGRES_URL: 'postgres://command:command@127.0.0.1:15432/commands',
    POSTGRES_RELAY_URL: 'postgres://relay:relay@127.0.0.1:15432/commands',
    RABBITMQ_URL: 'amqp://guest:guest@127.0.0.1:15672',
    RABBITMQ_API_URL: 'http://guest:guest@127.0.0.1:25672',
    MONGO_URL: 'mongodb://127.0.0.1:37017/queries',
  },
} satisfies RunningStack
const elsewhere = 'postgres://owner:secret@db.example.com/commands'

test('the stack that runs here is used, whatever ports it took', () => {
  const places = placesOf({ PARTITIONS: '4' }, running)
  expect(places).toEqual({
    source: 'the local stack of process 7',
    postgresUrl: running.env.POSTGRES_OWNER_URL,
    rabbitmqUrl: running.env.RABBITMQ_URL,
    rabbitmqApiUrl: running.env.RABBITMQ_API_URL,
    mongoUrl: running.env.MONGO_URL,
    partitions: 4,
    retentionHours: 168,
  })
})

test('a setting that names the very server of the stack is no other place', () => {
  const places = placesOf({ MONGO_URL: running.env.MONGO_URL }, running)
  expect(places.source).toBe('the local stack of process 7')
})

test('one setting that names another server leaves nothing of the stack and no default: systems are never mixed', () => {
  expect(placesOf({ POSTGRES_OWNER_URL: elsewhere }, running)).toEqual({
    source: 'the servers of the settings',
    postgresUrl: elsewhere,
    rabbitmqUrl: '',
    rabbitmqApiUrl: '',
    mongoUrl: '',
    partitions: 8,
    retentionHours: 168,
  })
})

test('a stack on a database of others, without its owner, has no owner', () => {
  const env = { ...running.env, POSTGRES_OWNER_URL: '' }
  expect(placesOf({}, { ...running, env }).postgresUrl).toBe('')
})

test('without a stack and without settings the usual ports are tried', () => {
  expect(placesOf({}, undefined).postgresUrl).toContain('127.0.0.1:5432')
  expect(placesOf({}, undefined).rabbitmqApiUrl).toBe('')
})

import { describe, expect, test } from 'bun:test'
import type { QueueEntry, QueueName } from './queue-records.ts'
import { things } from './testing/things.ts'
import { ensureQueue } from './topology.ts'

const of = { model: things, partition: 1, partitions: 2 }

const name = { queue: 'things-g1.p01of02', group: 'things-g1', partition: 1 }
const known: QueueEntry = { ...name, isUndeclared: false, replay: undefined }

/** @param seen whether the queue is there, look by look @param entry what the store has of it */
async function run(seen: boolean[], entry: QueueEntry | undefined) {
  const log: string[] = []
  const channel = {
    closed: true,
    async queueDeclare(queue: string, params: { passive?: boolean }, args?: object) {
      if (!params.passive) return void log.push(`declare ${queue} ${JSON.stringify(args)}`)
      if (!seen.shift()) throw new Error(`channel 1 closed: NOT_FOUND - no queue '${queue}' (404)`)
    },
    async queueBind(_queue: string, exchange: string, key: string) {
      log.push(`bind ${exchange} ${key}`)
    },
  }
  const records = {
    queueOf: async () => entry,
    async noteUnknown({ queue }: QueueName, reason: string) {
      if (!entry) log.push(`note ${reason} ${queue}`)
      return !entry
    },
    async noteLost({ queue }: QueueName) {
      log.push(`note lost ${queue}`)
      return true
    },
    noteDeclared: async (queue: string) => void log.push(`note declared ${queue}`),
  }
  const reason = await ensureQueue({ channel: async () => channel as never }, of, records)
  return { reason, log }
}

const declared = [
  'declare things-g1.p01of02 {"x-queue-type":"quorum","x-single-active-consumer":true,"x-delivery-limit":-1}',
  'bind events things.p01of02.#',
  'bind events relay.p01of02.heartbeat',
  'note declared things-g1.p01of02',
]

describe('a queue', () => {
  test('that is there and known is bound again', async () => {
    expect(await run([true], known)).toEqual({ reason: undefined, log: declared })
  })
  test('that is there and unknown has given its events to another store', async () => {
    const log = ['note store-lost things-g1.p01of02', ...declared]
    expect(await run([true], undefined)).toEqual({ reason: 'store-lost', log })
  })
  test('that nobody knows is new: noted before it is there', async () => {
    const log = ['note first things-g1.p01of02', ...declared]
    expect(await run([false], undefined)).toEqual({ reason: 'first', log })
  })
  test('that was known and is missing is lost: noted before it is there again', async () => {
    const log = ['note lost things-g1.p01of02', ...declared]
    expect(await run([false, false], known)).toEqual({ reason: 'queue-lost', log })
  })
  test('that another replica declared between two looks is not lost', async () => {
    expect(await run([false, true], known)).toEqual({ reason: undefined, log: declared })
  })
  test('whose absence is noted already, by another or before a crash, is declared', async () => {
    const noted = { ...known, isUndeclared: true }
    expect(await run([false], noted)).toEqual({ reason: undefined, log: declared })
  })
})

import { describe, expect, test } from 'bun:test'
import { things } from './testing/things.ts'
import { ensureQueue } from './topology.ts'

const of = { model: things, partition: 1, partitions: 2 }

/** @param seen whether the queue is there, look by look @param isKnown whether the store has heard of it */
async function run(seen: boolean[], isKnown: boolean) {
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
    isKnown: async () => isKnown,
    noteDeclared: async ({ queue }: { queue: string }) => void log.push(`note declared ${queue}`),
    noteLost: async (queue: string) => void log.push(`note lost ${queue}`),
  }
  const found = await ensureQueue({ channel: async () => channel as never }, of, records)
  return { found, log }
}

const declared = [
  'declare things-g1.p01of02 {"x-queue-type":"quorum","x-single-active-consumer":true,"x-delivery-limit":-1}',
  'bind events things.p01of02.#',
  'bind events relay.p01of02.heartbeat',
]

describe('a queue', () => {
  test('that is there is bound again, and known from now on', async () => {
    expect(await run([true], true)).toEqual({ found: 'present', log: declared })
    expect(await run([true], false)).toEqual({
      found: 'present',
      log: [...declared, 'note declared things-g1.p01of02'],
    })
  })
  test('that nobody knows is declared', async () => {
    expect(await run([false], false)).toEqual({
      found: 'first',
      log: [...declared, 'note declared things-g1.p01of02'],
    })
  })
  test('that was known and is missing is lost: noted before it is there again', async () => {
    expect(await run([false, false], true)).toEqual({
      found: 'lost',
      log: ['note lost things-g1.p01of02', ...declared, 'note declared things-g1.p01of02'],
    })
  })
  test('that another replica declared between two looks is not lost', async () => {
    expect((await run([false, true], true)).log).not.toContain('note lost things-g1.p01of02')
  })
})

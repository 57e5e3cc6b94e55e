import { afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { waitFor } from '../../../tests/support/stack.ts'
import { startDoubt, withStore, type Doubt } from '../testing/doubt.ts'

let doubt: Doubt
beforeEach(async () => {
  doubt = await startDoubt({ COMMAND_TIMEOUT_MS: '1500' })
})
afterEach(() => doubt.stop())

const ids = Array.from({ length: 20 }, () => Bun.randomUUIDv7())
/** A batch that appends no event: nobody has these ids. */
const removeAll = () =>
  Promise.all(
    ids.map((id) => doubt.side.call('DELETE', `/users/${id}`, undefined, { 'idempotency-key': `of-${id}` })),
  )
const keys = async () =>
  (await doubt.database.sql`SELECT count(*)::int AS n FROM idempotency_keys`)[0].n as number
const bodies = (answers: { status: number; body: unknown }[]) =>
  answers.map(({ status, body }) => ({ status, body }))

async function expectSettled(outcome: 'committed' | 'absent') {
  const answers = await removeAll()
  expect(answers.map(({ status }) => status)).toEqual(ids.map(() => 404))
  expect(await doubt.unknown()).toEqual({ [outcome]: 1 })
  expect(await keys()).toBe(20)
  const repeats = await removeAll()
  expect(repeats.every(({ headers }) => headers.get('idempotency-replayed') === 'true')).toBe(true)
  expect(bodies(repeats)).toEqual(bodies(answers))
}

describe('the connection dies while the COMMIT of kept rejections is under way', () => {
  test('committed, with the answer lost: the batch is told what was kept', async () => {
    const commit = doubt.atCommit('idempotency_keys', () => {
      doubt.proxy.mute('toClient')
      void waitFor(async () => (await keys()) > 0, { timeoutMs: 5_000, what: 'the commit' }).then(() => {
        doubt.proxy.unmute()
        doubt.proxy.cut()
      })
    })
    await expectSettled('committed')
    expect(commit.passed()).toBe(true)
  })
  test('never arrived: the batch is run again, once', async () => {
    const commit = doubt.atCommit('idempotency_keys', () => {
      doubt.proxy.mute('both')
      queueMicrotask(() => {
        doubt.proxy.cut()
        doubt.proxy.unmute()
      })
    })
    await expectSettled('absent')
    expect(commit.passed()).toBe(true)
  })
})

test('a look waits for the key’s transaction, and takes no other’s row for its own', () =>
  withStore(doubt.database.commandUrl, async (store) => {
    const doubtful = new SQL(doubt.database.commandUrl, { max: 1 })
    for (const [end, ours, expected] of [
      ['COMMIT', true, true],
      ['ROLLBACK', true, false],
      ['COMMIT', false, false],
    ] as const) {
      const [keyId, batch] = [Bun.randomUUIDv7(), Bun.randomUUIDv7()]
      await doubtful.unsafe('BEGIN')
      await doubtful`SELECT * FROM idempotency_claim(${`{${keyId}}`}::uuid[])`
      await doubtful`INSERT INTO idempotency_keys VALUES
        (${keyId}, ${keyId}, '{}', ${ours ? batch : keyId}, clock_timestamp() + interval '1 hour')`
      let found: boolean | undefined
      const look = store.wasCommitted({ kind: 'answer', keyId, batch }).then((is) => (found = is))
      const waits = async () => (await doubt.advisoryLocks(false)) === 1
      await waitFor(waits, { timeoutMs: 1_500, what: 'the look waits for the key' })
      expect(found).toBeUndefined()
      await doubtful.unsafe(end)
      expect(await look).toBe(expected)
    }
    await doubtful.close()
  }))

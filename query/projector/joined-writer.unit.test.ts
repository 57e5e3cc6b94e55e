import { describe, expect, test } from 'bun:test'
import type { Change } from './gate.ts'
import { joinWrites, type JoinOptions } from './joined-writer.ts'
import { DocumentFault, type StoreWriter } from './store-writer.ts'

const changes = (...ids: string[]): Change[] =>
  ids.map((id) => ({ id, version: 1, document: {}, time: '2026-01-02T03:04:05.678Z' }))
const outcome = (written: readonly Change[], skipped = 0) => ({ applied: written.length - skipped, skipped })

/** Joined writes on a store that waits to be let go; `writes` has the ids of each, by collection. */
function setUp(answer: StoreWriter['write'] = async (_, written) => outcome(written), options?: JoinOptions) {
  const writes: string[] = []
  const held: PromiseWithResolvers<void>[] = []
  const { write } = joinWrites(
    {
      async write(collection, written) {
        writes.push(`${collection}: ${written.map(({ id }) => id).join(' ')}`)
        const turn = Promise.withResolvers<void>()
        held.push(turn)
        await turn.promise
        return answer(collection, written)
      },
    },
    options,
  )
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return {
    write,
    writes,
    turn,
    async letGo() {
      held.shift()!.resolve()
      await turn()
    },
  }
}

describe('joined writes', () => {
  test('what comes in one turn goes together, and what comes meanwhile with the next', async () => {
    const { write, writes, turn, letGo } = setUp()
    const first = [write('things', changes('a', 'b')), write('things', changes('c'))]
    await turn()
    const second = [write('things', changes('d')), write('things', changes('e'))]
    await turn()
    expect(writes).toEqual(['things: a b c'])
    await letGo()
    expect(await Promise.all(first)).toEqual([outcome(changes('a', 'b')), outcome(changes('c'))])
    expect(writes).toEqual(['things: a b c', 'things: d e'])
    await letGo()
    await Promise.all(second)
  })

  test('collections do not wait for each other, and nothing is written for nothing', async () => {
    const { write, writes, turn } = setUp()
    void write('things', changes('a'))
    void write('others', changes('a'))
    expect(await write('things', [])).toEqual({ applied: 0, skipped: 0 })
    await turn()
    expect(writes).toEqual(['things: a', 'others: a'])
  })

  test('holds its bounds: one writer is never parted, and many changes go beside', async () => {
    const { write, writes, turn } = setUp(undefined, { changesMax: 3, besideMin: 2, besideMax: 2 })
    void write('things', changes('a', 'b', 'c', 'd'))
    void write('things', changes('e', 'f'))
    void write('things', changes('g', 'h'))
    await turn()
    expect(writes).toEqual(['things: a b c d', 'things: e f'])
  })

  test('all that was skipped is told, once', async () => {
    const { write, turn, letGo } = setUp(async (_, written) => outcome(written, 2))
    const both = [write('things', changes('a')), write('things', changes('b', 'c', 'd'))]
    await turn()
    await letGo()
    expect(await Promise.all(both)).toEqual([
      { applied: 0, skipped: 1 },
      { applied: 2, skipped: 1 },
    ])
  })

  test('a document that the store refuses concerns whoever brought it, and the others are written again', async () => {
    const { write, writes, turn, letGo } = setUp(async (_, written) => {
      const index = written.findIndex(({ id }) => id === 'bad')
      if (index >= 0) throw new DocumentFault(index, '10334')
      return outcome(written)
    })
    const innocent = [write('things', changes('a')), write('things', changes('d'))]
    const guilty = write('things', changes('b', 'bad', 'c')).catch((error: unknown) => error)
    await turn()
    await letGo()
    expect(await guilty).toMatchObject({ index: 1, code: '10334' })
    expect(writes[1]).toBe('things: a d')
    await letGo()
    expect(await Promise.all(innocent)).toEqual([outcome(changes('a')), outcome(changes('d'))])
  })

  test('any other failure is everybody’s, and the next writes go on', async () => {
    let isAway = true
    const { write, turn, letGo } = setUp(async (_, written) => {
      if (isAway) throw new Error('away')
      return outcome(written)
    })
    const both = ['a', 'b'].map((id) => write('things', changes(id)).catch((error: Error) => error.message))
    await turn()
    await letGo()
    expect(await Promise.all(both)).toEqual(['away', 'away'])
    isAway = false
    const again = write('things', changes('a'))
    await turn()
    await letGo()
    expect(await again).toEqual(outcome(changes('a')))
  })
})

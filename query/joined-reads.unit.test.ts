import { describe, expect, test } from 'bun:test'
import { joinReads, type JoinOptions } from './joined-reads.ts'

type Found = { readonly _id: string }

/** Joined reads of a store that waits to be let go and knows every id but `unknown`. */
function setUp(options: JoinOptions = { patienceMs: 60_000 }) {
  const reads: string[] = []
  const held: PromiseWithResolvers<void>[] = []
  const load = joinReads<Found>(async (ids) => {
    reads.push(ids.join(' '))
    const turn = Promise.withResolvers<void>()
    held.push(turn)
    await turn.promise
    return ids.filter((id) => id !== 'unknown').map((_id) => ({ _id }))
  }, options)
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  return {
    load,
    reads,
    held,
    turn,
    async letGo(error?: Error) {
      const next = held.shift()!
      if (error) next.reject(error)
      else next.resolve()
      await turn()
    },
  }
}

describe('joined reads', () => {
  test('one turn is one read, each gets its own, and who asks for the same asks once', async () => {
    const { load, reads, turn, letGo } = setUp()
    const all = ['a', 'b', 'unknown', 'a'].map(load)
    await turn()
    expect(reads).toEqual(['a b unknown'])
    await letGo()
    expect(await Promise.all(all)).toEqual([{ _id: 'a' }, { _id: 'b' }, undefined, { _id: 'a' }])
  })

  test('what is asked for while one is under way goes with the next, also what that one reads', async () => {
    const { load, reads, turn, letGo } = setUp()
    void load('a')
    await turn()
    const later = [load('a'), load('b')]
    await turn()
    expect(reads).toEqual(['a'])
    await letGo()
    expect(reads).toEqual(['a', 'a b'])
    await letGo()
    expect(await Promise.all(later)).toEqual([{ _id: 'a' }, { _id: 'b' }])
  })

  test('holds its bounds', async () => {
    const { load, reads, turn, letGo } = setUp({
      idsMax: 2,
      besideMin: 2,
      besideMax: 2,
      patienceMs: 60_000,
    })
    for (const id of ['a', 'b', 'c', 'd', 'e']) void load(id)
    await turn()
    expect(reads).toEqual(['a b', 'c d'])
    await letGo()
    expect(reads).toHaveLength(2)
    await letGo()
    expect(reads).toEqual(['a b', 'c d', 'e'])
  })

  test('one that hangs holds up nobody for long', async () => {
    const { load, reads, held, turn } = setUp({ patienceMs: 1 })
    void load('hangs')
    await turn()
    const next = load('a')
    while (held.length < 2) await turn()
    expect(reads).toEqual(['hangs', 'a'])
    held[1]!.resolve()
    expect(await next).toEqual({ _id: 'a' })
  })

  test('a read that fails fails for all who asked, and for nobody else', async () => {
    const { load, turn, letGo } = setUp()
    const both = ['a', 'b'].map((id) => load(id).catch((error: Error) => error.message))
    await turn()
    const other = load('c')
    await letGo(new Error('away'))
    expect(await Promise.all(both)).toEqual(['away', 'away'])
    await letGo()
    expect(await other).toEqual({ _id: 'c' })
  })
})

import { describe, expect, test } from 'bun:test'
import type { Change } from './gate.ts'
import { createStoreWriter, DocumentFault } from './store-writer.ts'

const change = (id: string): Change => ({ id, version: 1, document: {}, time: '2026-01-02T03:04:05.678Z' })
const changes = ['a', 'b', 'c'].map(change)

/** A collection that answers each bulk with the next of `answers`: error codes by id, or an error. */
function writerOn(...answers: (Record<string, number> | Error)[]) {
  const bulks: string[][] = []
  const bulkWrite = async (operations: Operation[]) => {
    const ids = operations.map((one) =>
      'insertOne' in one ? `+${one.insertOne.document._id}` : one.updateOne.filter._id,
    )
    bulks.push(ids)
    const answer = answers.shift() ?? {}
    if (answer instanceof Error) throw answer
    const writeErrors = ids.flatMap((id, index) => (answer[id] ? [{ index, code: answer[id] }] : []))
    const result = { insertedCount: 0, upsertedCount: ids.length - writeErrors.length, modifiedCount: 0 }
    if (writeErrors.length > 0) throw Object.assign(new Error('bulk'), { writeErrors, result })
    return result
  }
  return { writer: createStoreWriter(() => ({ bulkWrite }) as never), bulks }
}

type Operation =
  | { readonly insertOne: { readonly document: { readonly _id: string } } }
  | { readonly updateOne: { readonly filter: { readonly _id: string } } }

describe('the store writer', () => {
  test('writes nothing for nothing', async () => {
    const { writer, bulks } = writerOn()
    expect(await writer.write('things', [])).toEqual({ applied: 0, skipped: 0 })
    expect(bulks).toEqual([])
  })
  test('E11000: that one operation again, until it is through', async () => {
    const { writer, bulks } = writerOn({ b: 11_000, c: 11_000 }, { c: 11_000 })
    expect(await writer.write('things', changes)).toEqual({ applied: 3, skipped: 0 })
    expect(bulks).toEqual([['a', 'b', 'c'], ['b', 'c'], ['c']])
  })
  test('what is new is inserted, and left to the gate where it is not', async () => {
    const { writer, bulks } = writerOn({ '+a': 11_000, '+c': 11_000 }, { a: 11_000 })
    const guessed = changes.map((one, index) => ({ ...one, isNew: index !== 1 }))
    expect(await writer.write('things', guessed)).toEqual({ applied: 3, skipped: 0 })
    expect(bulks).toEqual([['+a', 'b', '+c'], ['a', 'c'], ['a']])
  })
  test('a document that the store will never take is named by its place, also in a second bulk', async () => {
    const { writer } = writerOn({ b: 11_000, c: 11_000 }, { c: 10_334 })
    const error = await writer.write('things', changes).catch((error: unknown) => error)
    expect(error).toBeInstanceOf(DocumentFault)
    expect(error).toMatchObject({ index: 2, code: '10334' })
  })
  test('any other error is the caller’s to retry, and blames no document', async () => {
    const answers: (Record<string, number> | Error)[] = [
      { b: 40_573 },
      { a: 11_000, b: 112 },
      new Error('socket closed'),
    ]
    for (const answer of answers) {
      const { writer } = writerOn(answer)
      const error = await writer.write('things', changes).catch((error: unknown) => error)
      expect(error).toBeInstanceOf(Error)
      expect(error).not.toBeInstanceOf(DocumentFault)
    }
  })
})

import { expect, test } from 'bun:test'
import { crc32, partitionOf } from './partition.ts'

test('CRC-32 gives the published check values', () => {
  expect(crc32('')).toBe(0)
  expect(crc32('123456789')).toBe(0xcbf43926)
  expect(crc32('The quick brown fox jumps over the lazy dog')).toBe(0x414fa339)
  expect(crc32('ü')).toBe(Bun.hash.crc32('ü'))
})

test('an id has one partition, whatever its case', () => {
  const vectors: [string, number][] = [
    ['01890a5d-ac96-774b-bcce-b302099a8057', 5],
    ['0190163d-8694-739b-aea5-966c26f8ad91', 1],
    ['00000000-0000-7000-8000-000000000000', 7],
  ]
  for (const [id, partition] of vectors) {
    expect([id, partitionOf(id, 8)]).toEqual([id, partition])
    expect(partitionOf(id.toUpperCase(), 8)).toBe(partition)
  }
})

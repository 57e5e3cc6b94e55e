import { describe, expect, test } from 'bun:test'
import { crc32 } from '../../../shared/messaging/partition.ts'
import { byPreference } from './rendezvous.ts'

const queues = Array.from({ length: 64 }, (_, index) => `users-g1.p${String(index).padStart(2, '0')}of64`)

function owners(replicas: readonly string[]): string[] {
  return queues.map((queue) => replicas.toSorted(byPreference(queue))[0]!)
}

describe('the preferred replica', () => {
  test('is the same in whatever order they are looked at', () => {
    const replicas = ['a', 'b', 'c', 'd']
    expect(owners(replicas.toReversed())).toEqual(owners(replicas))
  })
  test('shares the queues among replicas whose names differ little', () => {
    for (const count of [2, 3, 4]) {
      const replicas = Array.from({ length: count }, (_, index) => `host-${index}`)
      const found = owners(replicas)
      for (const replica of replicas) {
        const share = found.filter((owner) => owner === replica).length / (queues.length / count)
        expect([replica, share > 0.5 && share < 1.6]).toEqual([replica, true])
      }
    }
  })
  test('gives no replica much more than its share, whichever five of them there are', () => {
    const largest = Array.from({ length: 40 }, (_, set) => {
      const found = owners(
        Array.from({ length: 5 }, (_, index) => `projector-${crc32(`${set}/${index}`).toString(36)}`),
      )
      return (
        Math.max(...found.map((owner) => found.filter((other) => other === owner).length)) / queues.length
      )
    })
    // A fair share is 0.2, chance makes the largest of five 0.26, and without mixing it is 0.35.
    expect(largest.reduce((sum, share) => sum + share, 0) / largest.length).toBeLessThan(0.31)
  })
  test('a replica that leaves moves only its own queues', () => {
    const before = owners(['a', 'b', 'c'])
    const after = owners(['a', 'b'])
    expect(before.filter((owner, index) => owner !== 'c' && owner !== after[index])).toEqual([])
  })
})

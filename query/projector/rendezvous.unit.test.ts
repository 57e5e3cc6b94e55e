import { describe, expect, test } from 'bun:test'
import { crc32 } from '../../shared/messaging/partition.ts'
import { consumerPriority } from './rendezvous.ts'

const queues = Array.from({ length: 64 }, (_, index) => `users-g1.p${String(index).padStart(2, '0')}of64`)

function owners(replicas: readonly string[]): string[] {
  return queues.map((queue) =>
    replicas.reduce((best, replica) =>
      consumerPriority(replica, queue) > consumerPriority(best, queue) ? replica : best,
    ),
  )
}

describe('consumer priority', () => {
  test('is a whole number that fits 31 bits', () => {
    for (const queue of queues) {
      const priority = consumerPriority('replica', queue)
      expect(Number.isInteger(priority) && priority >= 0 && priority < 2 ** 31).toBe(true)
    }
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

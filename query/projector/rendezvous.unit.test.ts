import { describe, expect, test } from 'bun:test'
import { consumerPriority } from './rendezvous.ts'

const queues = Array.from({ length: 64 }, (_, index) => `users-g1.p${String(index).padStart(2, '0')}of64`)

function owners(replicas: readonly string[], of = queues): string[] {
  return of.map((queue) =>
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
  test('of two replicas hardly ever one is first on all of eight queues, as it would be without mixing', () => {
    const names = Array.from({ length: 30 }, (_, index) => `projector-${index}`)
    const pairs = names.flatMap((one) => names.filter((other) => other > one).map((other) => [one, other]))
    const lopsided = pairs.filter((pair) => new Set(owners(pair, queues.slice(0, 8))).size === 1)
    expect(lopsided.length / pairs.length).toBeLessThan(0.04)
  })
  test('a replica that leaves moves only its own queues', () => {
    const before = owners(['a', 'b', 'c'])
    const after = owners(['a', 'b'])
    expect(before.filter((owner, index) => owner !== 'c' && owner !== after[index])).toEqual([])
  })
})

import { crc32 } from '../../../shared/messaging/partition.ts'

/**
 * Which of two replicas is to have a queue, by rendezvous hashing: all replicas come to the same answer without asking
 * one another, and one that leaves moves its own queues only. Balance is rough.
 * @returns for sorting, the preferred one first
 */
export function byPreference(queue: string): (a: string, b: string) => number {
  // Two names of one hash must not be each preferred by the other.
  return (a, b) => weight(b, queue) - weight(a, queue) || (a < b ? -1 : 1)
}

function weight(replica: string, queue: string): number {
  // CRC-32 is linear: without mixing, two replicas' hashes would differ by a constant for every queue.
  return mix(mix(crc32(replica)) ^ crc32(queue))
}

/** The finaliser of MurmurHash3: every input bit reaches every output bit. */
function mix(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

import { crc32 } from '../../shared/messaging/partition.ts'

/**
 * Consumer priority of a replica on a queue: rendezvous hashing, so that every replica can compute its own without
 * knowing the others, and a replica that leaves moves only its own partitions. Balance is rough.
 * @returns a whole number below 2^31, which is all that the client can write as a priority
 */
export function consumerPriority(replica: string, queue: string): number {
  // CRC-32 is linear: without mixing, two replicas' hashes would differ by a constant for every queue.
  return mix(mix(crc32(replica)) ^ crc32(queue)) >>> 1
}

/** The finaliser of MurmurHash3: every input bit reaches every output bit. */
function mix(value: number): number {
  let hash = value
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

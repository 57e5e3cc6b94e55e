/**
 * `CRC-32 of the lower-case id's UTF-8 bytes mod partitions`: fixed for ever, since a changed mapping would put one
 * aggregate's events on two queues. Test vectors stand beside it; foreign publishers must match them.
 */
export function partitionOf(id: string, partitions: number): number {
  return crc32(id.toLowerCase()) % partitions
}

const utf8 = new TextEncoder()

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1
  return value >>> 0
})

/** CRC-32 (IEEE 802.3, as in gzip) of a text's UTF-8 bytes, as an unsigned 32-bit number. */
export function crc32(text: string): number {
  let crc = 0xffffffff
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    // Ids are ASCII nearly always, and then a character is its byte: called for every event, so worth the branch.
    if (code > 0x7f) return crc32OfBytes(utf8.encode(text))
    crc = (crc >>> 8) ^ table[(crc ^ code) & 0xff]!
  }
  return (crc ^ 0xffffffff) >>> 0
}

function crc32OfBytes(bytes: Uint8Array): number {
  let crc = 0xffffffff
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]!
  return (crc ^ 0xffffffff) >>> 0
}

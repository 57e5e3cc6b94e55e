import { createHash } from 'node:crypto'
import type { Message } from '../prepare.ts'

/** The message's own id where it has a sound one, else a digest of its body: the same for every redelivery. */
export function messageKey({ body, properties }: Message): string {
  const { messageId } = properties
  return messageId !== undefined && soundId.test(messageId)
    ? messageId
    : `sha256-${digest(body).slice(0, 32)}`
}

/** SHA-256 of a body, in hexadecimal. */
export function digest(body: Uint8Array | null): string {
  return createHash('sha256')
    .update(body ?? new Uint8Array())
    .digest('hex')
}

/** Printable ASCII of a bounded length, since it goes into a document's id and onto command lines. */
const soundId = /^[\x21-\x7e]{1,200}$/

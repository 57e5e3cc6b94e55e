import { readModels } from '../../../query/read-models.ts'
import { withTimeout } from '../../../shared/process/backoff.ts'
import type { TcpProxy } from '../tcp-proxy.ts'

const TIMEOUT_MS = 10_000

/**
 * Acts once, at a moment of the next writing transaction that passes: `before` its append reaches PostgreSQL, `at` its
 * COMMIT, which does not arrive either, or `after` it was carried out, when the answer is on its way and never arrives.
 */
export async function atCommit(
  proxy: TcpProxy,
  moment: 'before' | 'at' | 'after',
  act: () => void,
): Promise<void> {
  const done = Promise.withResolvers<void>()
  let step: 'begun' | 'appended' | 'sent' = 'begun'
  const strike = (): Promise<void> => {
    proxy.onData = undefined
    act()
    done.resolve()
    // Nothing of this chunk is passed on: its connection is gone.
    return new Promise(() => {})
  }
  proxy.onData = (chunk, direction) => {
    const text = chunk.toString('latin1')
    if (direction === 'toServer') {
      if (text.includes('INSERT INTO outbox')) {
        if (moment === 'before') return strike()
        step = 'appended'
      } else if (step === 'appended' && /^Q....commit\0/is.test(text)) {
        if (moment === 'at') return strike()
        step = 'sent'
      }
    } else if (step === 'sent' && text.includes('COMMIT\0')) return strike()
    return undefined
  }
  await withTimeout(done.promise, TIMEOUT_MS, 'waiting for a transaction').finally(
    () => (proxy.onData = undefined),
  )
}

/** Acts once, when the store has answered a write of documents and the answer has not arrived. */
export async function atStoreWrite(proxy: TcpProxy, act: () => void): Promise<void> {
  const done = Promise.withResolvers<void>()
  let isWriting = false
  proxy.onData = (chunk, direction) => {
    const text = chunk.toString('latin1')
    if (direction === 'toServer') isWriting ||= isDocumentWrite(chunk)
    else if (isWriting && text.includes(WRITTEN)) {
      proxy.onData = undefined
      act()
      done.resolve()
      return new Promise(() => {})
    }
    return undefined
  }
  await withTimeout(done.promise, TIMEOUT_MS, 'waiting for a write').finally(() => (proxy.onData = undefined))
}

/** In the answer to any write, in BSON: how many documents, as a 32-bit integer named n. */
const WRITTEN = '\u0010n\0'

/** Into a read model, inserted or through the gate; tallies, heartbeats and what is parked go elsewhere. */
export const isDocumentWrite = (command: Buffer): boolean =>
  (command.includes('insert') || command.includes('$replaceWith')) &&
  readModels.some(({ collection }) => command.includes(collection))

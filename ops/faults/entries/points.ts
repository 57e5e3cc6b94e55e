import type { LogStore } from '../../../command/relay/log-store.ts'
import type { Publisher } from '../../../command/relay/publisher.ts'
import { heartbeatType } from '../../../shared/messaging/names.ts'
import { around } from './record.ts'

/** Where a relay can be told to die. */
export const relayPoints = ['before-publish', 'after-publish', 'after-confirm'] as const
export type RelayPoint = (typeof relayPoints)[number]

/** At SIGUSR2 the process is armed: it kills itself, as `kill -9` would, when it next comes to the point. */
export function deathAt(point: RelayPoint) {
  let isArmed = false
  process.on('SIGUSR2', () => (isArmed = true))
  const dieIf = (here: RelayPoint) => {
    if (isArmed && point === here) process.kill(process.pid, 'SIGKILL')
  }
  return {
    store: (store: LogStore): LogStore =>
      around(store, {
        moveCursor(move) {
          dieIf('after-confirm')
          return store.moveCursor(move)
        },
      }),
    publisher: (publisher: Publisher): Publisher =>
      around(publisher, {
        async publish(messages, signal) {
          if (messages.every(({ type }) => type === heartbeatType)) return publisher.publish(messages, signal)
          dieIf('before-publish')
          const fates = publisher.publish(messages, signal)
          // By the next turn of the event loop the kernel has every byte of the window, and no answer was read yet.
          await new Promise(setImmediate)
          dieIf('after-publish')
          return fates
        },
      }),
  }
}

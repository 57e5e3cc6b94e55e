import { openSync, writeSync } from 'node:fs'
import type { LogStore } from '../../../command/relay/log-store.ts'
import type { Fate, Message, Publisher } from '../../../command/relay/publisher.ts'
import { heartbeatType } from '../../../shared/messaging/names.ts'
import { nowMs } from '../clock.ts'

/** One line of the record: a window that is about to be handed over, or what became of it. */
export type RecordLine =
  | { readonly call: number; readonly term: number; readonly atMs: number; readonly ids: readonly string[] }
  | { readonly call: number; readonly fates: readonly Fate[] }

/** The port with some of its members replaced; everything else, whatever it is, goes to the port itself. */
export function around<Port extends object>(port: Port, replaced: Partial<Port>): Port {
  return new Proxy(port, {
    get(target, name) {
      if (Object.hasOwn(replaced, name)) return replaced[name as keyof Port]
      const member = Reflect.get(target, name, target) as unknown
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}

/**
 * Keeps the record of publishes: a line before each window and one after it, written at once, so that a kill loses
 * neither. What is handed over without a connection never left, and is not written down.
 */
export function recorder(file: string) {
  const output = openSync(file, 'a')
  const write = (line: RecordLine) => writeSync(output, `${JSON.stringify(line)}\n`)
  let term = 0
  let calls = 0
  return {
    store: (store: LogStore): LogStore =>
      around(store, {
        async acquire(request) {
          const answer = await store.acquire(request)
          if (answer.acquired) term = answer.token
          return answer
        },
      }),
    publisher: (publisher: Publisher): Publisher =>
      around(publisher, {
        async publish(messages: readonly Message[], signal: AbortSignal) {
          const events = [...messages.entries()].filter(([, { type }]) => type !== heartbeatType)
          if (events.length === 0 || !publisher.state.connected) return publisher.publish(messages, signal)
          const call = ++calls
          write({ call, term, atMs: nowMs(), ids: events.map(([, { id }]) => id) })
          const fates = await publisher.publish(messages, signal)
          write({ call, fates: events.map(([index]) => fates[index]!) })
          return fates
        },
      }),
  }
}

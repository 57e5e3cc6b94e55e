import type { LogReader } from '../reader.ts'
import type { RelayStatus } from '../status.ts'
import type { EventMessage } from '../window.ts'
import { keyOfEvent, type ParkedAggregates } from './parked.ts'

/**
 * Finds what a suspect is compared with: an event of another aggregate with the same routing key, the next of its
 * aggregate that is not done yet, so that it is published again in its turn. Looks a few windows ahead in the log.
 */
export function controlFinder(options: {
  readonly reader: LogReader
  readonly parked: ParkedAggregates
  readonly status: RelayStatus
}) {
  const { reader, parked, status } = options
  return async function findControl(
    suspect: EventMessage,
    pending: readonly EventMessage[],
  ): Promise<EventMessage | undefined> {
    const seen = new Set([keyOfEvent(suspect)])
    let events: readonly EventMessage[] = pending
    let after = status.confirmedSeq
    for (let windows = 0; windows < windowsMax; windows++) {
      for (const event of events) {
        const key = keyOfEvent(event)
        if (!seen.has(key) && !parked.has(event) && event.routingKey === suspect.routingKey) return event
        seen.add(key)
      }
      after = Math.max(after, events.at(-1)?.seq ?? 0)
      const window = await reader.read(after)
      if (!window || window.messages.length === 0) return undefined
      events = window.messages
    }
    return undefined
  }
}

const windowsMax = 10

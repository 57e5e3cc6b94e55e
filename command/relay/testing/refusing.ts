import type { RelayDecorators } from '../service.ts'
import type { Fate } from '../publisher.ts'

/** A broker that does not take the events of some aggregates, as far as the relay can tell; the rest is real. */
export function refusing(refused: Set<string>, fate: Fate = 'nacked'): RelayDecorators {
  return {
    publisher: (real) => ({
      get state() {
        return real.state
      },
      restore: (signal) => real.restore(signal),
      async publish(messages, signal) {
        const isRefused = messages.map(({ body }) => refused.has(subjectOf(body)))
        const sent = messages.filter((_, index) => !isRefused[index])
        const fates = (sent.length > 0 ? await real.publish(sent, signal) : []).values()
        return isRefused.map((no) => (no ? fate : fates.next().value!))
      },
    }),
  }
}

const subjectOf = (body: string) => /"subject":"([^"]+)"/.exec(body)?.[1] ?? ''

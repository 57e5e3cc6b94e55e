import type { Probe } from '../history.ts'
import type { Findings } from './findings.ts'
import { mayHaveArrived, type Matched, push, type Sending } from './match.ts'

/** I5: what a reader saw never goes back, and a relay sends each aggregate's events for the first time in order. */
export function order({ history, sendings, eventsOf }: Matched, found: Findings): void {
  const readings = new Map<string, Probe[]>()
  for (const probe of history.probes) push(readings, `${probe.by} ${probe.id}`, probe)
  for (const probes of readings.values()) monotonic(probes, found)
  for (const events of eventsOf.values()) {
    let before = Number.NEGATIVE_INFINITY
    for (const event of events) {
      const first = sendings.get(event.id)?.[0]
      if (!first) continue
      found.expect(
        first.place >= before,
        () => `seq ${event.seq} was sent before an older event of the same user`,
      )
      before = first.place
    }
  }
}

/** Only reads that did not overlap have an order. */
function monotonic(probes: readonly Probe[], found: Findings): void {
  const byEnd = probes.toSorted((a, b) => a.endedMs - b.endedMs)
  /** Begun after the user had been seen: these saw that it was gone, all others that it was not there yet. */
  const sawItGone = new Set<Probe>()
  let ended = 0
  let newest = 0
  let isGone = false
  for (const probe of probes.toSorted((a, b) => a.startedMs - b.startedMs)) {
    for (; byEnd[ended] && byEnd[ended]!.endedMs <= probe.startedMs; ended++) {
      const before = byEnd[ended]!
      if (before.seen === 'absent') isGone ||= sawItGone.has(before)
      else newest = Math.max(newest, before.seen)
    }
    const { seen, by, id } = probe
    if (seen === 'absent') {
      if (newest > 0) sawItGone.add(probe)
      continue
    }
    found.expect(!isGone, () => `${by} showed ${id} again after it was gone`)
    found.expect(seen >= newest, () => `${by} showed ${id} at version ${seen} after ${newest}`)
  }
}

/**
 * I7: an event is sent again only because a window failed, its own or the one before (whose first event is then tried
 * beside one that should get through), or because a relay ended without handing over: then at most two windows, the one
 * in flight and the one read ahead.
 */
export function duplicates({ sendings, history }: Matched, found: Findings): void {
  const takeovers = new Map<string, Set<string>>()
  const failed = failures(sendings)
  const failuresOf = (sending: Sending) => [...(failed.get(termOf(sending)) ?? [])]
  for (const [id, list] of sendings) {
    const arrived = list.filter(mayHaveArrived)
    found.expect(arrived.length > 0 || list.length === 0, () => `${id} was sent and cannot have arrived`)
    for (let index = 1; index < arrived.length; index++) {
      const [before, again] = [arrived[index - 1]!, arrived[index]!]
      if (termOf(before) === termOf(again))
        found.expect(
          failuresOf(again).some((place) => place >= before.place - 1 && place < again.place),
          () => `${again.call.relay} sent ${id} again although its window was confirmed`,
        )
      else {
        const change = `${termOf(before)} → ${termOf(again)}`
        takeovers.set(change, (takeovers.get(change) ?? new Set()).add(id))
      }
    }
  }
  const limit = 2 * history.windowMax
  for (const [change, ids] of takeovers)
    found.expect(
      ids.size <= limit,
      () => `${ids.size} events were sent again at ${change}: more than two windows`,
    )
  for (const change of orderlyChanges(history, takeovers))
    found.expect(false, () => `events were sent again at ${change}, which was an orderly stop`)
}

const termOf = ({ call }: Sending) => `${call.relay} term ${call.term}`
const hasFailed = ({ call }: Sending) =>
  call.fates === undefined || call.fates.some((fate) => fate !== 'confirmed')

/** Term → places of its windows that were not confirmed in full. */
function failures(sendings: Matched['sendings']): Map<string, Set<number>> {
  const places = new Map<string, Set<number>>()
  for (const sending of [...sendings.values()].flat())
    if (hasFailed(sending)) {
      const known = places.get(termOf(sending))
      if (known) known.add(sending.place)
      else places.set(termOf(sending), new Set([sending.place]))
    }
  return places
}

/** Changes of the lease after a stop that ended with code 0: everything confirmed was moved over by then. */
function orderlyChanges(
  { ends, publishes }: Pick<Matched['history'], 'ends' | 'publishes'>,
  takeovers: ReadonlyMap<string, ReadonlySet<string>>,
): string[] {
  const orderly = new Set(ends.filter(({ code }) => code === '0').map(({ process }) => process))
  return [...takeovers.keys()].filter((change) => {
    const from = change.slice(0, change.indexOf(' → '))
    const calls = publishes.filter(({ relay, term }) => `${relay} term ${term}` === from)
    const last = calls.at(-1)
    const isClean = last?.fates?.every((fate) => fate === 'confirmed') ?? false
    return isClean && orderly.has(from.slice(0, from.indexOf(' term ')))
  })
}

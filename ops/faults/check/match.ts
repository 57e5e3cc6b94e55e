import type { Fate } from '../../../command/relay/publisher.ts'
import type { Attempt, History, LogEvent, PublishCall, StoredUser, Write } from '../history.ts'

/** One event handed to the publisher once. */
export interface Sending {
  readonly call: PublishCall
  /** Its place among all windows: by term, then as each relay counted; clocks have no say. */
  readonly place: number
  readonly fate: Fate
}

/** A write with what became of it. */
export interface Traced {
  readonly write: Write
  /** Its events in the log: none or one, where all is well. */
  readonly events: readonly LogEvent[]
  /** `unknown`: no answer, or one that promises nothing. */
  readonly outcome: 'acknowledged' | 'refused' | 'unknown'
  /** The answers that were a 2xx. */
  readonly acknowledgements: readonly Attempt[]
}

export interface Matched {
  readonly history: History
  readonly traced: readonly Traced[]
  /** Events of the log that no write accounts for. */
  readonly unattributed: readonly LogEvent[]
  readonly eventById: ReadonlyMap<string, LogEvent>
  /** Events of each aggregate, in the order of the log. */
  readonly eventsOf: ReadonlyMap<string, readonly LogEvent[]>
  /** Event id → each time it was handed over, in order. */
  readonly sendings: ReadonlyMap<string, readonly Sending[]>
  readonly documentOf: ReadonlyMap<string, StoredUser>
}

/** Brings the four records together: which event belongs to which write, which sending to which event. */
export function match(history: History): Matched {
  const byWrite = new Map<number, LogEvent[]>()
  const removes = new Map<string, Write>()
  for (const write of history.writes) if (write.kind === 'remove' && write.id) removes.set(write.id, write)
  const known = new Set(history.writes.map(({ n }) => n))
  const unattributed: LogEvent[] = []
  const eventsOf = new Map<string, LogEvent[]>()
  for (const event of history.log) {
    push(eventsOf, event.aggregateId, event)
    const n = isRemoval(event) ? removes.get(event.aggregateId)?.n : markOf(event)
    if (n === undefined || !known.has(n)) unattributed.push(event)
    else push(byWrite, n, event)
  }
  return {
    history,
    unattributed,
    eventsOf,
    traced: history.writes.map((write) => trace(write, byWrite.get(write.n) ?? [])),
    eventById: new Map(history.log.map((event) => [event.id, event])),
    sendings: sendingsOf(history.publishes),
    documentOf: new Map(history.documents.map((document) => [idOf(document), document])),
  }
}

const idOf = ({ _id: id }: StoredUser) => id
export const isRemoval = ({ type }: LogEvent) => /\.deleted\.v\d+$/.test(type)

/** As the client wrote it into the first name. */
export const markedName = (n: number) => `w${n}`
const markOf = ({ data }: LogEvent) => {
  const digits = /^w(\d+)$/.exec(data.first_name ?? '')?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/** In a queue, as far as anybody can tell: a returned one is nowhere, one that could not be encoded never left. */
export const mayHaveArrived = ({ fate }: Sending) => fate !== 'returned' && fate !== 'unencodable'

function trace(write: Write, events: readonly LogEvent[]): Traced {
  const acknowledgements = write.attempts.filter(({ status }) => status >= 200 && status < 300)
  // A refusal decides only where nothing before it may have been carried out, or where the key makes it the answer to all.
  const refusals = write.attempts.filter(
    ({ status, isUndecided }) => status >= 400 && status < 500 && !isUndecided,
  )
  const isRefused = refusals.length > 0 && (write.hasKey || refusals.length === write.attempts.length)
  const outcome = acknowledgements.length > 0 ? 'acknowledged' : isRefused ? 'refused' : 'unknown'
  return { write, events, outcome, acknowledgements }
}

function sendingsOf(calls: readonly PublishCall[]): Map<string, Sending[]> {
  const sendings = new Map<string, Sending[]>()
  const inOrder = calls.toSorted((a, b) => a.term - b.term || a.call - b.call)
  for (const [place, call] of inOrder.entries())
    for (const [index, id] of call.ids.entries())
      push(sendings, id, { call, place, fate: call.fates?.[index] ?? 'unknown' })
  return sendings
}

export function push<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key)
  if (list) list.push(value)
  else lists.set(key, [value])
}

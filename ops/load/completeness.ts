import { inParallel } from '../seed/journey.ts'

/** What the read side must show of each user at least: this version or a later one, or that it is gone. */
export type Acknowledged = Map<string, number | 'removed'>

/** From the lines that a load script writes, in whatever order they came. */
export function acknowledgedOf(record: string): { writes: number; users: Acknowledged } {
  const users: Acknowledged = new Map()
  const removing = new Set<string>()
  let writes = 0
  for (const line of record.split('\n')) {
    const [word, id = '', version] = line.split(' ')
    if (word === 'removing') removing.add(id)
    if (word !== 'acknowledged') continue
    writes++
    const known = users.get(id)
    // The order of the map is that of the last writes.
    users.delete(id)
    const isGone = version === 'removed' || known === 'removed'
    users.set(id, isGone ? 'removed' : Math.max(known ?? 0, Number(version)))
  }
  // Without an answer it may have happened or not.
  for (const id of removing) if (users.get(id) !== 'removed') users.delete(id)
  return { writes, users }
}

export interface Answer {
  status: number
  /** Of the document. */
  version: number | undefined
}

/** Does the read side show the acknowledged write, or a later one? */
export function isReadable(wanted: number | 'removed', { status, version = 0 }: Answer): boolean {
  return wanted === 'removed' ? status === 404 : status === 200 && version >= wanted
}

export interface Completeness {
  /** Writes that were answered with a 2xx. */
  acknowledged: number
  /** The users that they were about. */
  users: number
  readable: number
  missing: number
  firstMissing: string[]
  /** From the end of the load until the last user was readable; undefined while some are missing. */
  convergedMs: number | undefined
}

const AT_A_TIME = 32
const NEWEST = 500
const FIRST_SHOWN = 5
const RETRY_MS = 20

export interface Check {
  record: string
  /** Throws where there is no answer, which counts as not readable. */
  read: (id: string) => Promise<Answer>
  loadEndedAtMs: number
  /** How long it goes on while none of those that are missing comes. */
  patienceMs: number
  signal: AbortSignal
  onProgress: (unread: number) => void
}

/** Reads every user back. The newest first: once they are there, one look at all the others should do. */
export async function checkCompleteness(check: Check): Promise<Completeness> {
  const { writes, users } = acknowledgedOf(check.record)
  const newestFirst = [...users].toReversed()
  const newest = await untilReadable(newestFirst.slice(0, NEWEST), users.size - NEWEST, check)
  const older = await untilReadable(newestFirst.slice(NEWEST), 0, check)
  const missing = [...newest.missing, ...older.missing]
  const agreedAtMs = older.looks > 1 ? older.agreedAtMs : newest.agreedAtMs
  return {
    acknowledged: writes,
    users: users.size,
    readable: users.size - missing.length,
    missing: missing.length,
    firstMissing: missing.slice(0, FIRST_SHOWN),
    convergedMs: missing.length === 0 ? Math.max(0, Math.round(agreedAtMs - check.loadEndedAtMs)) : undefined,
  }
}

type Entry = [id: string, wanted: number | 'removed']

async function untilReadable(entries: Entry[], later: number, check: Check) {
  const { read, patienceMs, signal, onProgress } = check
  let waiting = entries
  let cameAtMs = Date.now()
  for (let looks = 1; ; looks++) {
    signal.throwIfAborted()
    const missing: Entry[] = []
    let unread = waiting.length
    await inParallel(waiting, AT_A_TIME, async (entry) => {
      const [id, wanted] = entry
      const isThere = await read(id).then(
        (answer) => isReadable(wanted, answer),
        () => false,
      )
      if (!isThere) missing.push(entry)
      onProgress(--unread + missing.length + Math.max(0, later))
    })
    const nowMs = Date.now()
    if (missing.length < waiting.length) cameAtMs = nowMs
    waiting = missing
    if (waiting.length === 0 || nowMs - cameAtMs > patienceMs)
      return { missing: waiting.map(([id]) => id), agreedAtMs: nowMs, looks }
    await Bun.sleep(RETRY_MS)
  }
}

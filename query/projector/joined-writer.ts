import type { Change } from './gate.ts'
import { DocumentFault, type StoreWriter, type WriteOutcome } from './store-writer.ts'

export interface JoinOptions {
  /** Most changes that go together, but that one writer's own are never parted. */
  readonly changesMax?: number
  /** So many changes wait: then another write begins beside those under way. */
  readonly besideMin?: number
  /** Most writes to one collection at once. */
  readonly besideMax?: number
}

/** One that wrote, and waits for what becomes of it. */
interface Writer {
  readonly changes: readonly Change[]
  readonly done: PromiseWithResolvers<WriteOutcome>
}

/** All that is to be written to one collection. */
interface Line {
  waiting: Writer[]
  running: number
}

/**
 * The same, with the writes to one collection joined: what comes while one is under way goes with the next. A write of
 * a few documents costs the store nearly as much as one of a hundred, and the partitions of a read model bring a few
 * each. Alone, a write waits for a turn of the event loop. Joined writes share what goes wrong, but for a document that
 * the store refuses: that concerns whoever brought it, and the others are written again without it.
 */
export function joinWrites(
  { write }: StoreWriter,
  { changesMax = 500, besideMin = 250, besideMax = 4 }: JoinOptions = {},
): StoreWriter {
  const lines = new Map<string, Line>()

  function pump(collection: string, line: Line): void {
    while (line.waiting.length > 0 && mayBegin(line)) {
      const together = take(line)
      line.running++
      void writeAll(collection, line, together).finally(() => {
        line.running--
        pump(collection, line)
      })
    }
  }

  const mayBegin = ({ running, waiting }: Line) =>
    running === 0 || (running < besideMax && countOf(waiting) >= besideMin)

  function take(line: Line): Writer[] {
    let count = 0
    const past = line.waiting.findIndex(
      ({ changes }, index) => (count += changes.length) > changesMax && index > 0,
    )
    const taken = line.waiting.slice(0, past < 0 ? undefined : past)
    line.waiting = line.waiting.slice(taken.length)
    return taken
  }

  /** Never rejects. */
  async function writeAll(collection: string, line: Line, writers: readonly Writer[]): Promise<void> {
    try {
      const { skipped } = await write(
        collection,
        writers.flatMap(({ changes }) => changes),
      )
      share(writers, skipped)
    } catch (error) {
      if (!(error instanceof DocumentFault)) for (const { done } of writers) done.reject(error)
      else line.waiting.unshift(...blame(writers, error))
    }
  }

  return {
    async write(collection, changes) {
      if (changes.length === 0) return { applied: 0, skipped: 0 }
      const found = lines.get(collection)
      const line = found ?? { waiting: [], running: 0 }
      if (!found) lines.set(collection, line)
      const writer: Writer = { changes, done: Promise.withResolvers() }
      line.waiting.push(writer)
      // What one delivery of the broker brings to several partitions goes together.
      if (line.waiting.length === 1) setImmediate(() => pump(collection, line))
      return writer.done.promise
    },
  }
}

const countOf = (writers: readonly Writer[]) =>
  writers.reduce((count, { changes }) => count + changes.length, 0)

/** The store tells how many it skipped, and not whose: they all write one collection, so any sharing out will do. */
function share(writers: readonly Writer[], skippedByAll: number): void {
  let left = skippedByAll
  for (const { changes, done } of writers) {
    const skipped = Math.min(left, changes.length)
    left -= skipped
    done.resolve({ applied: changes.length - skipped, skipped })
  }
}

/** @returns those that are innocent */
function blame(writers: readonly Writer[], { index, code }: DocumentFault): Writer[] {
  let first = 0
  return writers.filter(({ changes, done }) => {
    const own = index - first
    first += changes.length
    if (own < 0 || own >= changes.length) return true
    done.reject(new DocumentFault(own, code))
    return false
  })
}

import type { Expectation, History, Look } from '../history.ts'
import type { Findings } from './findings.ts'

/** I9: no process ends by itself, and what can be seen from outside is what the fault makes true. */
export function honesty(history: History, found: Findings): void {
  const own = history.ends.filter(({ by }) => by === 'itself')
  found.expect(own.length === 0, () =>
    own.map(({ process, code }) => `${process} ended by itself (${code})`).join(', '),
  )
  for (const expectation of history.expectations) judge(expectation, history, found)
}

/** I10: memory and backlog stay within what was stated. */
export function bounded({ looks, expectations }: History, found: Findings): void {
  for (const expectation of expectations) {
    if (expectation.kind !== 'bounded') continue
    const { what, max } = expectation
    for (const look of looks) {
      const value = look[what]
      if (value !== undefined)
        found.expect(
          value <= max,
          () => `${look.process} had ${what} ${Math.round(value)}, at most ${max} are allowed`,
        )
    }
  }
}

function judge(expectation: Expectation, history: History, found: Findings): void {
  switch (expectation.kind) {
    case 'red': {
      const { process, question, fromMs, withinMs } = expectation
      const seen = looksAt(history, process, fromMs, fromMs + withinMs)
      found.expect(
        seen.some((look) => look[question] >= 400),
        () => `${question} of ${process} was not red within ${withinMs} ms`,
      )
      return
    }
    case 'green': {
      const { process, question, fromMs, untilMs } = expectation
      const seen = looksAt(history, process, fromMs, untilMs)
      found.expect(seen.length > 0, () => `nobody looked at ${process}`)
      for (const look of seen)
        found.expect(
          look[question] === 200,
          () => `${question} of ${process} was ${look[question]} meanwhile`,
        )
      return
    }
    case 'served': {
      const { what, part } = expectation
      const { good, all } =
        what === 'writes' ? servedWrites(history, expectation) : servedReads(history, expectation)
      found.expect(all > 0, () => `there were no ${what} in that time`)
      found.expect(good >= part * all, () => `only ${good} of ${all} ${what} were served meanwhile`)
      return
    }
    case 'answered': {
      const { fromMs, untilMs, withinMs } = expectation
      for (const { n, attempts } of history.writes)
        for (const { startedMs, endedMs, status } of attempts)
          if (startedMs >= fromMs && startedMs < untilMs)
            found.expect(
              status !== 0 && endedMs - startedMs <= withinMs,
              () =>
                `w${n} was answered ${status} after ${Math.round(endedMs - startedMs)} ms, over ${withinMs} ms`,
            )
      return
    }
    case 'bounded':
    case 'fact':
      return
    default:
      expectation satisfies never
  }
}

interface Span {
  readonly fromMs: number
  readonly untilMs: number
}

const within = (atMs: number, { fromMs, untilMs }: Span) => atMs >= fromMs && atMs < untilMs

/** `relay` is every relay, `relay-1` is one, in whichever life. */
const looksAt = ({ looks }: History, process: string, fromMs: number, untilMs: number): Look[] =>
  looks.filter((look) => look.process.startsWith(process) && within(look.atMs, { fromMs, untilMs }))

/** A conflict or a missing user is an answer as it should be; only 5xx and silence are not. */
function servedWrites({ writes }: History, span: Span) {
  const attempts = writes
    .flatMap((write) => write.attempts)
    .filter(({ startedMs }) => within(startedMs, span))
  return { good: attempts.filter(({ status }) => status > 0 && status < 500).length, all: attempts.length }
}

function servedReads({ probes, failedProbes }: History, span: Span) {
  const good = probes.filter(({ startedMs }) => within(startedMs, span)).length
  return { good, all: good + failedProbes.filter(({ startedMs }) => within(startedMs, span)).length }
}

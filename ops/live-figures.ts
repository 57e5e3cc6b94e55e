import { aborted } from './interruption.ts'
import { authorization } from './tokens.ts'
import type { Progress } from './stack/progress.ts'

/** The figures of the status line; undefined where a service does not tell. */
export interface Figures {
  writesPerSecond: number | undefined
  backlogEvents: number | undefined
  lagSeconds: number | undefined
  /** On both sides. */
  parkedEvents: number | undefined
}

interface Urls {
  command: string
  relay: string
  query: string
}

const TIMEOUT_MS = 800
const REFRESH_MS = 1_000

/** Reads the services' metrics; each call's rate is over the time since the call before. */
export function liveFigures(urls: Urls): () => Promise<Figures> {
  let before: { total: number; at: number } | undefined
  return async () => {
    const [total, backlogEvents, lagSeconds, ...parked] = await Promise.all([
      metric(urls.command, 'command_events_appended_total', sum),
      metric(urls.relay, 'relay_backlog_events', sum),
      metric(urls.query, 'projector_lag_seconds', max),
      metric(urls.relay, 'relay_parked_events', sum),
      metric(urls.query, 'projector_parked_events', sum),
    ])
    const at = performance.now()
    const known = total !== undefined && before !== undefined && total >= before.total
    const writesPerSecond = known ? ((total - before!.total) * 1_000) / (at - before!.at) : undefined
    before = total === undefined ? undefined : { total, at }
    const told = parked.filter((events) => events !== undefined)
    const parkedEvents = told.length > 0 ? sum(told) : undefined
    return { writesPerSecond, backlogEvents, lagSeconds, parkedEvents }
  }
}

/** Shows the status line, every second anew, until the signal aborts. */
export async function followFigures(urls: Urls, progress: Progress, signal: AbortSignal): Promise<void> {
  const figures = liveFigures(urls)
  const ended = aborted(signal)
  // A rate needs two readings.
  await figures()
  for (;;) {
    await Promise.race([Bun.sleep(REFRESH_MS), ended])
    if (signal.aborted) return
    const line = statusLine(await figures())
    if (!signal.aborted) progress.status(line)
  }
}

export function statusLine({ writesPerSecond, backlogEvents, lagSeconds, parkedEvents }: Figures): string {
  const figures = {
    writes: writesPerSecond === undefined ? '-' : `${Math.round(writesPerSecond)}/s`,
    backlog: `${backlogEvents ?? '-'}`,
    lag: lag(lagSeconds),
    parked: `${parkedEvents ?? '-'}`,
  }
  const columns = Object.entries(figures).map(([name, figure]) => `${name} ${figure.padEnd(9)}`)
  return `   ${columns.join(' ').trimEnd()}`
}

function lag(seconds: number | undefined): string {
  if (seconds === undefined) return '-'
  return seconds < 1 ? `${Math.round(seconds * 1_000)} ms` : `${seconds.toFixed(1)} s`
}

async function metric(
  origin: string,
  name: string,
  fold: (values: number[]) => number,
): Promise<number | undefined> {
  try {
    const answer = await fetch(`${origin}/metrics`, {
      headers: await authorization(),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const values = samples(await answer.text(), name)
    return values.length > 0 ? fold(values) : undefined
  } catch {
    return undefined
  }
}

/** All values of one metric in Prometheus' text format, whatever their labels. */
export function samples(text: string, name: string): number[] {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
    .map((line) => Number(line.replace(/^[^{ ]+(\{.*\})? /, '').split(' ')[0]))
    .filter((value) => !Number.isNaN(value))
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
const max = (values: number[]) => Math.max(...values)

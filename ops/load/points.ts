import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'

/** One answer that k6 waited for, one write that it read back, or one journey that it could not begin in time. */
export type Point = Request | Visible | { kind: 'dropped'; timeMs: number; scenario: string; count: number }

/** What it took until a read by the token of a write showed it. */
export interface Visible {
  kind: 'visible'
  since: 'request' | 'answer'
  timeMs: number
  durationMs: number
  scenario: string
  offered: number | undefined
}

export interface Request {
  kind: 'request'
  /** When the answer was there, by the clock of the wall. */
  timeMs: number
  durationMs: number
  scenario: string
  /** The route. */
  name: string
  status: number
  isOk: boolean
  /** Of a script that goes in steps: this one's rate, and whether it had warmed up. */
  offered: number | undefined
  phase: string | undefined
}

/** Reads k6's `--out json`, packed, and gives each point of the load itself: not what was done to set it up. */
export async function readPoints(file: string, onPoint: (point: Point) => void): Promise<void> {
  const input = createReadStream(file).pipe(createGunzip())
  for await (const line of createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })) {
    const point = pointOf(line)
    if (point) onPoint(point)
  }
}

/** Of the dozen lines that k6 writes for a request one is enough; the others are not even parsed. */
export function pointOf(line: string): Point | undefined {
  const metric = METRICS.find((name) => line.startsWith(`{"metric":"${name}","type":"Point"`))
  if (!metric) return undefined
  const { time, value, tags } = (JSON.parse(line) as Line).data
  if (!tags?.scenario) return undefined
  const timeMs = Date.parse(time)
  const { scenario } = tags
  const offered = tags.offered === undefined ? undefined : Number(tags.offered)
  switch (metric) {
    case 'dropped_iterations':
      return { kind: 'dropped', timeMs, scenario, count: value }
    case 'visible_since_request':
    case 'visible_since_answer': {
      const since = metric === 'visible_since_answer' ? 'answer' : 'request'
      return { kind: 'visible', since, timeMs, durationMs: value, scenario, offered }
    }
    case 'http_req_duration':
      return {
        kind: 'request',
        timeMs,
        durationMs: value,
        scenario,
        name: tags.name ?? '',
        status: Number(tags.status ?? 0),
        isOk: tags.expected_response === 'true',
        offered,
        phase: tags.phase,
      }
    default:
      return metric satisfies never
  }
}

const METRICS = [
  'http_req_duration',
  'dropped_iterations',
  'visible_since_request',
  'visible_since_answer',
] as const

interface Line {
  data: { time: string; value: number; tags?: Partial<Record<Tag, string>> }
}

type Tag = 'scenario' | 'name' | 'status' | 'expected_response' | 'offered' | 'phase'

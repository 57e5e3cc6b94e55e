import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'

/** One answer that k6 waited for, or one journey that it could not begin in time. */
export type Point = Request | { kind: 'dropped'; timeMs: number; scenario: string; count: number }

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
  const isRequest = line.startsWith('{"metric":"http_req_duration","type":"Point"')
  if (!isRequest && !line.startsWith('{"metric":"dropped_iterations","type":"Point"')) return undefined
  const { time, value, tags } = (JSON.parse(line) as Line).data
  if (!tags?.scenario) return undefined
  const timeMs = Date.parse(time)
  const { scenario } = tags
  if (!isRequest) return { kind: 'dropped', timeMs, scenario, count: value }
  return {
    kind: 'request',
    timeMs,
    durationMs: value,
    scenario,
    name: tags.name ?? '',
    status: Number(tags.status ?? 0),
    isOk: tags.expected_response === 'true',
    offered: tags.offered === undefined ? undefined : Number(tags.offered),
    phase: tags.phase,
  }
}

interface Line {
  data: { time: string; value: number; tags?: Partial<Record<Tag, string>> }
}

type Tag = 'scenario' | 'name' | 'status' | 'expected_response' | 'offered' | 'phase'

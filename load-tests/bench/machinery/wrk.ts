import { join } from 'node:path'
import { run } from '../../../ops/stack/run.ts'
import { Incomplete } from './comparison.ts'
import type { Tail } from './figures.ts'

export interface WrkOrder {
  readonly url: string
  readonly connections: number
  readonly seconds: number
  readonly kind: 'create' | 'read' | 'unchanged'
  /** Part of what is created, so that no two runs create the same. */
  readonly run: string
  readonly documents?: number
}

export interface WrkResult {
  readonly requests: number
  readonly elapsedMs: number
  readonly bytes: number
  readonly latencyMs: Tail
}

const SCRIPT = join(import.meta.dir, 'wrk.lua')

/** Free-running load, one request after another on each connection. @throws Incomplete where any request failed */
export async function wrk(
  command: readonly string[],
  order: WrkOrder,
  signal: AbortSignal,
): Promise<WrkResult> {
  const { url, connections, seconds, kind, run: name, documents = 1 } = order
  const output = await run(
    [
      ...command,
      '--threads=1',
      `--connections=${connections}`,
      `--duration=${seconds}s`,
      '--timeout=10s',
      `--script=${SCRIPT}`,
      url,
      '--',
      kind,
      name,
      String(documents),
    ],
    { signal },
  )
  const { failed, broken, ...result } = wrkResult(output)
  if (failed + broken > 0) throw new Incomplete(`${failed} answers were errors, ${broken} did not come`)
  return result
}

export function wrkResult(output: string): WrkResult & { failed: number; broken: number } {
  const line = output.split('\n').find((one) => one.startsWith('{'))
  if (!line) throw new Error(`wrk said nothing of its result:\n${output}`)
  return JSON.parse(line)
}

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from '../stack/cache.ts'
import { type GoProgram, goProgram, goProgramName } from '../stack/go-program.ts'
import type { Progress } from '../stack/progress.ts'
import { Missing } from '../stack/requirements.ts'
import { diesWithUs, run } from '../stack/run.ts'

export const K6: GoProgram = {
  title: 'k6',
  binary: 'k6',
  version: '1.8.1',
  module: 'go.k6.io/k6',
  otherwise: 'put k6 1.0 or later on PATH; or name it by the setting K6',
}

/** The one that K6 names, that on PATH, or ours where it was built already. */
export function existingK6(): string | undefined {
  const built = join(cacheDir(), goProgramName(K6))
  return process.env.K6 || Bun.which('k6') || (existsSync(built) ? built : undefined)
}

/** The one that K6 names, else that on PATH, else ours, which is built once: it takes some minutes. */
export async function findK6(
  progress: Progress,
  signal: AbortSignal,
): Promise<{ path: string; version: string }> {
  const path = existingK6() ?? (await goProgram(K6, progress, signal))
  const output = await run([path, 'version'], { signal }).catch((error: Error) => {
    throw new Missing(`${path} does not run: ${error.message}`, K6.otherwise)
  })
  const version = /v(\d+\.\S+)/.exec(output)?.[1]
  if (!version || version.startsWith('0.'))
    throw new Missing(`${path} is "${output}": the scripts are TypeScript, which it cannot run`, K6.otherwise)
  return { path, version }
}

export interface K6Run {
  k6: string
  /** Of `load-tests/`, without its end. */
  script: string
  env: Record<string, string | undefined>
  /** Every figure that was measured, a line of JSON each, packed. */
  pointsFile: string
  /** What the script says about acknowledged writes. */
  recordFile: string
  summaryFile: string
  signal: AbortSignal
  onStart(pid: number): void
}

/** k6's own word for "a budget was broken". */
const BUDGET_BROKEN = 99

/** Resolves when it has ended. @throws Error with its last lines when it could not do the run */
export async function runK6({ k6, script, env, signal, ...run }: K6Run): Promise<void> {
  const argv = diesWithUs([
    k6,
    'run',
    '--quiet',
    '--no-color',
    '--log-format=raw',
    `--out=json=${run.pointsFile}`,
    `--console-output=${run.recordFile}`,
    join(import.meta.dir, '../../load-tests', `${script}.ts`),
  ])
  const child = spawn(argv[0]!, argv.slice(1), {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, K6_NO_USAGE_REPORT: 'true', RECORD: '1', SUMMARY_FILE: run.summaryFile, ...env },
  })
  if (child.pid) run.onStart(child.pid)
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output = (output + chunk.toString()).slice(-4_000)))
  const interrupt = () => child.kill('SIGINT')
  signal.addEventListener('abort', interrupt)
  try {
    const code = await new Promise<number | string>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (exitCode, by) => resolve(exitCode ?? by ?? 1))
    })
    signal.throwIfAborted()
    if (code !== 0 && code !== BUDGET_BROKEN) throw new Error(`k6 failed (${code})\n${output.trim()}`)
  } finally {
    signal.removeEventListener('abort', interrupt)
  }
}

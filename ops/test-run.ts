import { spawn, spawnSync } from 'node:child_process'
import { diesWithUs } from './stack/run.ts'

export interface TestRun {
  args: string[]
  env: Record<string, string>
  junitFile: string
  signal: AbortSignal
}

export interface TestRunEnd {
  exitCode: number
  /** Failures in the runner's own count: it also knows the files that did not load. */
  failedInSummary: number
  problem: string | undefined
}

/** Only against a run that hangs: a machine that does other work takes three times as long. */
const TOTAL_TIMEOUT_MS = 30 * 60_000
const TEST_TIMEOUT_MS = 30_000
/** Test files are independent of one another; two cores are what there is, and each file waits for servers a lot. */
const PARALLEL = 2
const TIMINGS_FILE = '.artifacts/test-timings.json'

/** Runs `bun test`; whatever its tests started is gone when it is. */
export async function runTests({ args, env, junitFile, signal }: TestRun): Promise<TestRunEnd> {
  const flags = [
    `--parallel=${PARALLEL}`,
    `--timeout=${TEST_TIMEOUT_MS}`,
    `--timings=${TIMINGS_FILE}`,
    '--update-timings',
    '--reporter=junit',
    `--reporter-outfile=${junitFile}`,
  ]
  const argv = diesWithUs(closedWorld([process.execPath, 'test', ...flags, ...args]), 'KILL')
  const colour = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {}
  const child = spawn(argv[0]!, argv.slice(1), {
    cwd: `${import.meta.dir}/..`,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...colour, ...env },
  })
  let tail = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      process.stdout.write(chunk)
      tail = (tail + chunk.toString()).slice(-4_000)
    })
  }
  let problem: string | undefined
  const end = (reason: string) => {
    problem = reason
    child.kill('SIGKILL')
  }
  const limit = setTimeout(() => end(`ended after ${TOTAL_TIMEOUT_MS / 60_000} minutes`), TOTAL_TIMEOUT_MS)
  signal.addEventListener('abort', () => end('interrupted'))
  if (signal.aborted) end('interrupted')
  const exitCode = await new Promise<number>((resolve) => {
    child.once('error', () => resolve(127))
    child.once('close', (code) => resolve(code ?? 137))
  })
  clearTimeout(limit)
  return { exitCode, problem, failedInSummary: summaryCount(tail, 'fail') }
}

/** In namespaces of its own, where nothing outlives the first process; as it is where there are none. */
function closedWorld(argv: string[]): string[] {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-current-user']
  const unshare = ['unshare', ...user, '--pid', '--fork', '--kill-child', '--mount-proc']
  if (spawnSync(unshare[0]!, [...unshare.slice(1), 'true']).status !== 0) return argv
  // A shell is the first process there: it takes up the orphans.
  return [...unshare, 'bash', '-c', '"$@"; exit $?', 'bash', ...argv]
}

function summaryCount(output: string, word: string): number {
  const plain = Bun.stripANSI(output)
  return Number(new RegExp(`^ *(\\d+) ${word}$`, 'm').exec(plain)?.[1] ?? 0)
}

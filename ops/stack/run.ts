import { spawn } from 'node:child_process'

export interface RunOptions {
  signal?: AbortSignal
  env?: Record<string, string | undefined>
  cwd?: string
  /** Where all of its output is kept when it fails. */
  failureLog?: string
  onLine?(line: string): void
}

/**
 * Runs a set-up command to its end and gives its output. Rejects with the last lines when it fails, and with the
 * signal's reason when it was interrupted, once the command and all it started are gone.
 */
export async function run(argv: string[], options: RunOptions = {}): Promise<string> {
  options.signal?.throwIfAborted()
  const [file, ...args] = diesWithUs(argv)
  const child = spawn(file!, args, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env } as NodeJS.ProcessEnv,
    cwd: options.cwd,
  })
  const output: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    eachLine(stream, (line) => {
      output.push(line)
      options.onLine?.(line)
    })
  }
  let hard: Timer | undefined
  const abort = () => {
    signalGroup(child.pid, 'SIGTERM')
    hard = setTimeout(() => signalGroup(child.pid, 'SIGKILL'), 5_000)
  }
  options.signal?.addEventListener('abort', abort)
  try {
    const code = await new Promise<number | NodeJS.Signals>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (exitCode, signal) => resolve(exitCode ?? signal ?? 1))
    })
    options.signal?.throwIfAborted()
    if (code === 0) return output.join('\n')
    throw new Error(await failure(`${argv[0]} failed (${code})`, output, options.failureLog))
  } finally {
    clearTimeout(hard)
    options.signal?.removeEventListener('abort', abort)
  }
}

async function failure(what: string, output: string[], log: string | undefined): Promise<string> {
  if (log) await Bun.write(log, output.join('\n'))
  return [
    log ? `${what}; all it said is in ${log}` : what,
    ...output.slice(-8).map((line) => `  ${line}`),
  ].join('\n')
}

/** The command, ended by the kernel when the process that started it is gone, even by SIGKILL. */
export function diesWithUs(argv: string[], signal = 'TERM'): string[] {
  return process.platform === 'linux' && Bun.which('setpriv')
    ? ['setpriv', '--pdeathsig', signal, ...argv]
    : argv
}

function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    for (const line of lines) onLine(line)
  })
  stream.on('end', () => rest && onLine(rest))
}

function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid) process.kill(-pid, signal)
  } catch {
    // It has ended by itself in between.
  }
}

import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
export type Role = 'command' | 'relay' | 'query'

export interface RunningProcess {
  readonly role: Role
  readonly url: string
  /** The parsed lines of its log so far. */
  readonly log: readonly Record<string, unknown>[]
  /** Undefined while it runs. */
  readonly exitCode: number | null
  signal(signal: NodeJS.Signals): void
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number>
}

/** One of the system's processes as the image starts it, on a free port. Resolves when it listens. */
export async function startProcess(role: Role, env: Record<string, string>): Promise<RunningProcess> {
  const child = Bun.spawn([process.execPath, 'ops/main.ts', role], {
    cwd: root,
    env: { PATH: process.env['PATH'] ?? '', [`${role.toUpperCase()}_PORT`]: '0', LOG_LEVEL: 'debug', ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const log: Record<string, unknown>[] = []
  const listening = Promise.withResolvers<number>()
  void (async () => {
    const decoder = new TextDecoder()
    let rest = ''
    for await (const chunk of child.stdout) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const entry = JSON.parse(line) as Record<string, unknown>
        log.push(entry)
        if (entry['message'] === 'listening') listening.resolve(Number(entry['port']))
      }
    }
    listening.reject(new Error(`${role} ended before it listened`))
  })()
  const port = await listening.promise
  return {
    role,
    url: `http://127.0.0.1:${port}`,
    log,
    get exitCode() {
      return child.exitCode
    },
    signal: (signal) => child.kill(signal),
    async stop() {
      child.kill('SIGTERM')
      return child.exited
    },
  }
}

/** A GET with its parsed body; `status` 0 when nobody answers. */
export async function get(url: string): Promise<{ status: number; body: any }> {
  try {
    const response = await fetch(url)
    return { status: response.status, body: await response.json() }
  } catch {
    return { status: 0, body: undefined }
  }
}

export async function postUser(commandUrl: string, email: string): Promise<{ status: number; body: any }> {
  const response = await fetch(`${commandUrl}/users`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ first_name: 'Ada', last_name: 'Lovelace', email }),
  })
  return { status: response.status, body: await response.json() }
}

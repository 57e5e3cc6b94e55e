import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')
export type Role = 'command' | 'relay' | 'query'

export interface RunningProcess {
  readonly role: Role
  readonly url: string
  readonly pid: number
  /** The parsed lines of its log so far. */
  readonly log: readonly Record<string, unknown>[]
  /** Undefined while it runs. */
  readonly exitCode: number | null
  get(path: string): Promise<Answer>
  /** Resolves when it has ended, with the exit code, and its log is read to the end. */
  kill(signal: NodeJS.Signals): Promise<number>
  /** SIGTERM. */
  stop(): Promise<number>
}

/**
 * One of the system's processes as the image starts it, on a free port. Resolves when it listens.
 * @param cwd another checkout
 */
export async function startProcess(
  role: Role,
  env: Record<string, string>,
  cwd: string = root,
): Promise<RunningProcess> {
  const child = Bun.spawn([process.execPath, 'ops/main.ts', role], {
    cwd,
    env: {
      PATH: process.env['PATH'] ?? '',
      [`${role.toUpperCase()}_PORT`]: '0',
      PROJECTOR_PORT: '0',
      LOG_LEVEL: 'debug',
      ...env,
    },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const log: Record<string, unknown>[] = []
  const listening = Promise.withResolvers<number>()
  const reading = (async () => {
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
  const url = `http://127.0.0.1:${await listening.promise}`
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    const code = await child.exited
    await reading
    return code
  }
  return {
    role,
    url,
    pid: child.pid,
    log,
    get exitCode() {
      return child.exitCode
    },
    get: (path) => get(`${url}${path}`),
    kill,
    stop: () => kill('SIGTERM'),
  }
}

export interface Answer {
  /** 0 when nobody answers. */
  readonly status: number
  readonly text: string
  /** The parsed JSON, undefined where it is none. */
  readonly body: any
}

export async function get(url: string): Promise<Answer> {
  try {
    const response = await fetch(url)
    const text = await response.text()
    return { status: response.status, text, body: text.startsWith('{') ? JSON.parse(text) : undefined }
  } catch {
    return { status: 0, text: '', body: undefined }
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

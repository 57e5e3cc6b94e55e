import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync, readdirSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { choosePorts } from '../../ops/stack/ports.ts'
import { uniqueName, waitFor } from '../support/stack.ts'

/** In the environment of every process of ours, and in the paths that the servers' namespaces have mounted. */
const MARKER = uniqueName('outbox-cqrs-e2e')
const STACK_DIR = join(tmpdir(), MARKER)
const READY_TIMEOUT_MS = 60_000
const GONE_TIMEOUT_MS = 10_000
const ada = { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com' }

let ports: { command: number; query: number; relay: number }

beforeAll(async () => {
  ports = await choosePorts({ command: 0, query: 0, relay: 0 })
})

// One that failed must not take the ports of the next.
afterEach(() => ours().forEach(kill))

afterAll(async () => {
  await rm(STACK_DIR, { recursive: true, force: true })
})

describe('npm start', () => {
  test(
    'shows one screen with all there is to know, and a status line',
    async () => {
      const system = await started()
      const command = `http://localhost:${ports.command}`
      for (const part of [
        `curl -i ${command}/users`,
        `${command}/swagger`,
        `:${ports.query}/users?email=`,
        'Ctrl-C',
      ]) {
        expect(system.output()).toContain(part)
      }
      await waitFor(() => /writes \S+ +backlog \S+ +lag \S+/.test(system.output()), {
        timeoutMs: 5_000,
        what: 'figures',
      })
      await createAda()
      await waitFor(async () => (await findAda()).length === 1, {
        timeoutMs: 10_000,
        what: 'the user to be read',
      })
      expect(existing('stack.json')).toBe(true)
      process.kill(-system.npm.pid!, 'SIGINT')
      await nothingLeft()
      expect(await system.exitCode).toBe(0)
    },
    READY_TIMEOUT_MS + GONE_TIMEOUT_MS,
  )

  // One after another on the same data: what the one before left must not be in the way of the next.
  for (const [name, end] of [
    ['SIGTERM to npm', ({ npm }) => npm.kill('SIGTERM')],
    ['SIGKILL to npm', ({ npm }) => npm.kill('SIGKILL')],
    ['SIGKILL to the way in', () => kill(pidOf('start.mjs'))],
    ['SIGKILL to the supervisor', () => kill(pidOf('main.ts start'))],
  ] as [string, (system: System) => void][]) {
    test(
      `${name} leaves no process, and the data`,
      async () => {
        const system = await started()
        await waitFor(async () => (await findAda()).length === 1, {
          timeoutMs: 5_000,
          what: 'the user of before',
        })
        end(system)
        await nothingLeft()
      },
      READY_TIMEOUT_MS + GONE_TIMEOUT_MS,
    )
  }

  test('names the process that has one of its ports', async () => {
    const squatter = createServer()
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve))
    const { port } = squatter.address() as AddressInfo
    const system = start({ QUERY_PORT: `${port}` })
    expect(await system.exitCode).toBe(1)
    expect(system.output()).toContain(
      `Port ${port}, for the query service, is taken by process ${process.pid}:`,
    )
    expect(system.output()).toContain('QUERY_PORT=')
    squatter.close()
  })
})

interface System {
  npm: ChildProcess
  output(): string
  exitCode: Promise<number | null>
}

function start(settings: Record<string, string> = {}): System {
  const npm = spawn('npm', ['start'], {
    cwd: join(import.meta.dir, '../..'),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      STACK_DIR,
      COMMAND_PORT: `${ports.command}`,
      QUERY_PORT: `${ports.query}`,
      RELAY_PORT: `${ports.relay}`,
      ...settings,
    },
  })
  let output = ''
  for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk) => (output += chunk))
  return { npm, output: () => output, exitCode: new Promise((resolve) => npm.once('exit', resolve)) }
}

async function started(): Promise<System> {
  const system = start()
  let ended = false
  void system.exitCode.then(() => (ended = true))
  const ready = () => ended || system.output().includes('Ctrl-C stops')
  await waitFor(ready, { timeoutMs: READY_TIMEOUT_MS, what: 'the ready screen' })
  if (ended) throw new Error(`npm start ended:\n${system.output()}`)
  return system
}

async function createAda(): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${ports.command}/users`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(ada),
  })
  expect(answer.status).toBe(201)
}

async function findAda(): Promise<unknown[]> {
  const answer = await fetch(`http://127.0.0.1:${ports.query}/users?email=${ada.email}`)
  return ((await answer.json()) as { items: unknown[] }).items
}

async function nothingLeft(): Promise<void> {
  await waitFor(() => ours().length === 0, {
    timeoutMs: GONE_TIMEOUT_MS,
    what: 'all processes to end',
  }).catch((error) => {
    throw new Error(
      `left running: ${ours()
        .map((pid) => read(pid, 'cmdline').replaceAll('\0', ' '))
        .join('\n')}`,
      { cause: error },
    )
  })
}

function ours(): number[] {
  const pids = readdirSync('/proc').map(Number).filter(Boolean)
  return pids.filter((pid) =>
    [read(pid, 'environ'), read(pid, 'mountinfo')].some((text) => text.includes(MARKER)),
  )
}

function pidOf(commandLine: string): number {
  return ours().find((pid) => read(pid, 'cmdline').replaceAll('\0', ' ').includes(commandLine))!
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended in between.
  }
}

const existing = (name: string) => readdirSync(STACK_DIR).includes(name)

function read(pid: number, file: 'environ' | 'mountinfo' | 'cmdline'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

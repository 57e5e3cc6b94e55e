import { spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, readdirSync } from 'node:fs'
import { waitFor } from '../wait.ts'
import { listens } from './listeners.ts'
import { diesWithUs } from './run.ts'

/** Instead of a root file system: the server is installed on the machine itself. */
export const THIS_MACHINE = Symbol('this machine')

export interface SandboxOptions {
  /** The root file system, and who the server is in it: PostgreSQL refuses root and users unknown there. */
  rootfs: string | typeof THIS_MACHINE
  user?: 'postgres' | 'rabbitmq'
  /** The host's folder that is /data inside a root file system. It belongs to the caller, not to the user. */
  dataDir: string
  logFile: string
  /** Held as long as any of the processes lives, so that two servers never share one data folder. */
  lockFile: string
  command: string[]
  env?: Record<string, string>
  /** Further binds: path inside → path on the host. */
  binds?: Record<string, string>
  /** A loopback of its own, out of everybody's reach. */
  ownNetwork?: boolean
  /** What makes the command end cleanly. */
  stopSignal: NodeJS.Signals
}

const LOCKED_EXIT_CODE = 75
// A server that was killed needs a moment to let go of it.
const LOCK = `flock --no-fork --timeout 5 --conflict-exit-code ${LOCKED_EXIT_CODE}`.split(' ')

/** A server's processes in their own namespaces, which end with the process that started them. */
export class Sandbox {
  readonly exited: Promise<void>
  exitReason: string | undefined
  private readonly pid: number | undefined

  constructor(private readonly options: SandboxOptions) {
    const log = openSync(options.logFile, 'a')
    const argv = diesWithUs([...LOCK, options.lockFile, ...bubblewrap(options)], 'KILL')
    const child = spawn(argv[0]!, argv.slice(1), { detached: true, stdio: ['ignore', log, log] })
    closeSync(log)
    this.pid = child.pid
    this.exited = new Promise((resolve) => {
      const end = (reason: string) => {
        this.exitReason ??= reason
        resolve()
      }
      child.once('error', (error) => end(error.message))
      child.once('exit', (code, signal) => {
        const locked = code === LOCKED_EXIT_CODE
        end(locked ? `its data in ${options.dataDir} is in use by another one` : `exit ${signal ?? code}`)
      })
    })
  }

  get running(): boolean {
    return this.exitReason === undefined
  }

  /** Resolves when the condition holds; rejects when the server ends before, with the last lines it wrote. */
  async waitReady(condition: () => Promise<boolean> | boolean, timeoutMs: number): Promise<void> {
    await waitFor(async () => !this.running || (await condition()), {
      timeoutMs,
      what: this.options.command.join(' '),
    })
    if (!this.running) throw new Error([this.exitReason, ...this.lastLines()].join('\n  '))
  }

  async stop(timeoutMs: number): Promise<void> {
    if (!this.running) return
    const [, server, ...others] = this.processes()
    // A frozen server could not hear it.
    for (const pid of [server, ...others]) if (pid) send(pid, 'SIGCONT')
    if (server) send(server, this.options.stopSignal)
    const hard = setTimeout(() => this.kill(), server ? timeoutMs : 0)
    await this.exited
    clearTimeout(hard)
  }

  /** All processes at once, as in a power cut: the kernel ends a namespace with its first process. */
  kill(): void {
    if (!this.running) return
    for (const pid of [this.processes()[0], this.pid]) if (pid) send(pid, 'SIGKILL')
  }

  signal(signal: NodeJS.Signals): void {
    if (signal === 'SIGKILL') return this.kill()
    const [, server, ...others] = this.processes()
    const all = signal === 'SIGSTOP' || signal === 'SIGCONT'
    for (const pid of all ? [server, ...others] : [server]) if (pid) send(pid, signal)
  }

  /** The program that runs as the server now: first the one that prepares, then the one it becomes. */
  serverName(): string | undefined {
    const [, server] = this.processes()
    return server ? readFileSync(`/proc/${server}/comm`, 'utf8').trim() : undefined
  }

  /** Is it this server that answers on the port, and not somebody who was there first? */
  listensOn(port: number): boolean {
    return this.processes().some((pid) => listens(pid, port))
  }

  lastLines(count = 8): string[] {
    return readFileSync(this.options.logFile, 'utf8').trimEnd().split('\n').slice(-count)
  }

  /** The processes inside, by the host's ids: the namespace's first, then the server, then what it started. */
  private processes(): number[] {
    if (!this.pid || !this.running) return []
    const found = children(this.pid)
    for (const pid of found) found.push(...children(pid))
    return found
  }
}

/** Runs a command to its end in a sandbox. */
export async function runInSandbox(options: Omit<SandboxOptions, 'stopSignal'>): Promise<void> {
  const sandbox = new Sandbox({ ...options, stopSignal: 'SIGTERM' })
  await sandbox.exited
  if (sandbox.exitReason !== 'exit 0')
    throw new Error([sandbox.exitReason, ...sandbox.lastLines()].join('\n  '))
}

function bubblewrap(options: SandboxOptions): string[] {
  const { command, env, ownNetwork } = options
  return [
    ...'bwrap --die-with-parent --new-session --unshare-user --unshare-pid --unshare-ipc'.split(' '),
    ...(ownNetwork ? ['--unshare-net'] : []),
    ...fileSystem(options),
    ...Object.entries(env ?? {}).flatMap(([name, value]) => ['--setenv', name, value]),
    ...command,
  ]
}

const KERNEL = '--dev /dev --proc /proc'.split(' ')
const INSIDE = {
  PATH: '/usr/lib/postgresql/18/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/data',
  LANG: 'C.UTF-8',
  TZ: 'UTC',
}

function fileSystem({ rootfs, user, dataDir, binds }: SandboxOptions): string[] {
  if (rootfs === THIS_MACHINE || !user) return ['--bind', '/', '/', ...KERNEL]
  const { uid, gid } = identity(rootfs, user)
  const mounts = { '--ro-bind': [rootfs, '/'], '--bind': [dataDir, '/data'] }
  return [
    ...`--clearenv --uid ${uid} --gid ${gid}`.split(' '),
    ...Object.entries(mounts).flatMap(([flag, paths]) => [flag, ...paths]),
    ...KERNEL,
    ...'--tmpfs /tmp --tmpfs /run'.split(' '),
    ...Object.entries(binds ?? {}).flatMap(([inside, outside]) => ['--bind', outside, inside]),
    ...Object.entries(INSIDE).flatMap(([name, value]) => ['--setenv', name, value]),
    '--chdir',
    '/data',
  ]
}

function identity(rootfs: string, user: string): { uid: string; gid: string } {
  const line = readFileSync(`${rootfs}/etc/passwd`, 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${user}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  if (!uid || !gid) throw new Error(`${rootfs} has no user ${user}`)
  return { uid, gid }
}

function children(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((task) => {
      const text = readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').trim()
      return text ? text.split(' ').map(Number) : []
    })
  } catch {
    return []
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended by itself in between.
  }
}

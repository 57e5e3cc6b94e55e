import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { serveControl } from './control.ts'
import type { ServerName, Stack, StackEnv } from './index.ts'

/** What a stack that is up tells others about itself. */
export interface RunningStack {
  pid: number
  startedAt: string
  env: StackEnv
  servers: { name: ServerName; product: string; port: number }[]
  /** Where other processes of this user can hurt and heal the servers; absent where they cannot. */
  control?: string
}

/** The folder of `npm start` and `npm run stack`. */
export const stackDir = () => process.env.STACK_DIR || '.stack'

/** The stack that is up on this folder, as long as the process that holds it lives. */
export function runningStack(dataDir = stackDir()): RunningStack | undefined {
  try {
    const found = JSON.parse(readFileSync(join(dataDir, 'stack.json'), 'utf8')) as RunningStack
    return startTime(found.pid) === found.startedAt ? found : undefined
  } catch {
    return undefined
  }
}

/** Tells of it; gives what takes the word back. */
export function announce(dataDir: string, { env, servers }: Pick<Stack, 'env' | 'servers'>): () => void {
  const file = join(dataDir, 'stack.json')
  const control = resolve(dataDir, 'control.sock')
  const end = serveControl(control, servers)
  const told: RunningStack = {
    pid: process.pid,
    startedAt: startTime(process.pid)!,
    env,
    servers: Object.values(servers).map(({ name, product, port }) => ({
      name,
      product,
      port,
    })),
    ...(end && { control }),
  }
  writeFileSync(file, JSON.stringify(told, null, 2))
  return () => {
    end?.()
    rmSync(file, { force: true })
  }
}

/** In the kernel's ticks since boot: tells a process from a later one with the same id. */
export function startTime(pid: number): string | undefined {
  try {
    // The command's name comes second, in brackets, and may hold anything.
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)!.split(' ')[19]
  } catch {
    return undefined
  }
}

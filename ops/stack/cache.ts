import { spawn } from 'node:child_process'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { diesWithUs } from './run.ts'

/** Where parts that take long to make are kept: outside the checkout, so that every clone shares them. */
export function cacheDir(): string {
  const base = process.env.XDG_CACHE_HOME || join(process.env.HOME || homedir(), '.cache')
  return join(base, 'outbox-cqrs')
}

export interface Part {
  /** Names the content: what went into it is part of the name, so that a changed recipe is another part. */
  name: string
  signal: AbortSignal
  /** Called when another process is making the same part. */
  onWait(): void
  make(target: string): Promise<void>
}

/** Makes a part once: under a lock, beside its place, and moved there when whole. */
export async function cachedPart(part: Part): Promise<string> {
  const place = join(cacheDir(), part.name)
  if (await exists(place)) return place
  await mkdir(cacheDir(), { recursive: true })
  const unlock = await lock(`${place}.lock`, part)
  try {
    if (await exists(place)) return place
    const target = `${place}.part`
    await rm(target, { recursive: true, force: true })
    try {
      await part.make(target)
    } catch (error) {
      await rm(target, { recursive: true, force: true })
      throw error
    }
    await rename(target, place)
    return place
  } finally {
    unlock()
  }
}

async function exists(path: string): Promise<boolean> {
  const parent = join(path, '..')
  const names = await readdir(parent).catch(() => [] as string[])
  return names.includes(path.slice(parent.length + 1))
}

/** An flock(2) in the hands of a child that ends with us: the kernel lets go of it whatever happens to us. */
async function lock(file: string, { signal, onWait }: Pick<Part, 'signal' | 'onWait'>): Promise<() => void> {
  const argv = diesWithUs(['flock', '--no-fork', file, 'sh', '-c', 'echo locked; exec cat'])
  const holder = spawn(argv[0]!, argv.slice(1), { detached: true, stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting = setTimeout(onWait, 500)
  const abort = () => holder.kill('SIGKILL')
  signal.addEventListener('abort', abort)
  try {
    await new Promise<void>((resolve, reject) => {
      holder.stdout.once('data', () => resolve())
      holder.once('error', reject)
      holder.once('exit', () => reject(signal.reason ?? new Error(`no lock on ${file}`)))
    })
  } finally {
    clearTimeout(waiting)
    signal.removeEventListener('abort', abort)
  }
  return () => holder.stdin.end()
}

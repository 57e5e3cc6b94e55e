import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../stack/run.ts'
import { waitFor } from '../wait.ts'
import { root } from './file.ts'

/** Tools for a machine that reaches no image registry: they start an engine, and make local images by the public names. */
const tools = process.env.BASE_IMAGES || join(root, '../shared/tools/base-images')
const PULL_TIMEOUT_MS = 10 * 60_000
const STOP_TIMEOUT_MS = 30_000

export interface Engine {
  /** Stops the engine if it was started here. */
  stop(): Promise<void>
}

/** @throws Error with the reason where none answers and none can be started */
export async function reachEngine(signal: AbortSignal): Promise<Engine> {
  if (await answers()) return { stop: async () => {} }
  const script = join(tools, 'engine')
  if (!(await exists(script))) throw new Error('no Docker engine answers')
  await run([script], { signal })
  return { stop: stopEngine }
}

/**
 * Makes sure that the images are here: as they are, else pulled, else made.
 * @throws Error where none of the three is possible
 */
export async function ensureImages(images: readonly string[], signal: AbortSignal): Promise<void> {
  for (const image of images) {
    if (await succeeds(['docker', 'image', 'inspect', image])) continue
    const limited = AbortSignal.any([signal, AbortSignal.timeout(PULL_TIMEOUT_MS)])
    if (await succeeds(['docker', 'pull', '--quiet', image], limited)) continue
    signal.throwIfAborted()
    const script = join(tools, 'build')
    if (!(await exists(script))) throw new Error(`${image} cannot be pulled`)
    console.log(` ${image} cannot be pulled: making local images, which takes minutes the first time`)
    // k6 is of no use here, and takes the longest.
    await run([script], { signal, env: { K6: '0' }, onLine: (line) => console.log(`   ${line}`) })
    return
  }
}

/**
 * @returns the words of this machine's compose command: what COMPOSE says, else the first that can be run
 * @throws Error where there is none
 */
export async function findCompose(): Promise<string[]> {
  const named = process.env.COMPOSE?.trim()
  const candidates = named ? [named.split(/\s+/)] : [['docker-compose'], ['docker', 'compose']]
  for (const argv of candidates) if (await succeeds([...argv, 'version'])) return argv
  throw new Error(`${candidates.map((argv) => argv.join(' ')).join(' and ')} cannot be run`)
}

async function stopEngine(): Promise<void> {
  const pid = Number(await readFile('/var/run/docker.pid', 'utf8'))
  process.kill(pid, 'SIGTERM')
  await waitFor(async () => !(await exists(`/proc/${pid}`)), {
    timeoutMs: STOP_TIMEOUT_MS,
    what: 'the engine to stop',
  })
}

const answers = () => succeeds(['docker', 'info'])
const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )
const succeeds = (argv: string[], signal?: AbortSignal) =>
  run(argv, { signal }).then(
    () => true,
    () => false,
  )

import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { diesWithUs } from '../../stack/run.ts'
import { waitFor } from '../../wait.ts'
import { nowMs } from '../clock.ts'
import type { Scene } from '../scene.ts'
import { readDocuments } from '../world/records.ts'
import type { Fault } from './fault.ts'

export const F22: Fault = {
  id: 'F22',
  title: 'a rebuild under load, one that is killed half-way, and a new read model',
  expected: 'the read models are the fold of the log, and reads are never interrupted',
  variants: [
    {
      name: 'in one go',
      runs: 2,
      seconds: 16,
      readsPerSecond: 120,
      topology: { queries: 2 },
      script: (scene) => rebuilt(scene, 0),
    },
    {
      name: 'killed and run again',
      runs: 3,
      seconds: 24,
      readsPerSecond: 120,
      topology: { queries: 2 },
      script: (scene) => rebuilt(scene, 3),
    },
    {
      name: 'a new read model comes with the next version',
      runs: 2,
      seconds: 20,
      readsPerSecond: 80,
      topology: { queries: 2 },
      script: added,
    },
  ],
}

/** Kills it `kills` times at any moment before it may end. */
async function rebuilt(scene: Scene, kills: number): Promise<void> {
  await scene.at(0.15)
  const fromMs = scene.mark('the rebuild begins')
  for (let n = 0; n < kills; n++) {
    const code = await rebuild(scene, [], scene.random.between(300, 2_500))
    scene.mark(code === undefined ? 'the rebuild is killed' : `the rebuild ended with ${code}`)
    if (code !== undefined) break
  }
  // Switched already where it was killed late: then there is nothing to go on with, and that is said.
  const code = await rebuild(scene, [])
  scene.mark(`the rebuild ended with ${code}`)
  scene.fact('I6', code === 0 || kills > 0, `the rebuild ended with ${code}`)
  await scene.pause(1_000)
  const finished = await rebuild(scene, ['--finish'])
  scene.mark(`its finish ended with ${finished}`)
  scene.fact('I6', finished === 0, `the finish of the rebuild ended with ${finished}`)
  scene.healedMs = nowMs()
  await scene.pause(1_000)
  scene.served('reads', fromMs)
  scene.served('writes', fromMs)
}

const LATER_VERSION = join(import.meta.dir, '../entries/query-with-names.ts')

/** The query processes are replaced one after the other by a version that has one read model more. */
async function added(scene: Scene): Promise<void> {
  const { places, queries } = scene.world
  await scene.at(0.2)
  const fromMs = scene.mark('the next version')
  for (const query of queries) {
    await query.stop()
    query.start({}, LATER_VERSION)
    await query.untilGreen('ready')
  }
  scene.mark('everywhere')
  scene.served('writes', fromMs)
  scene.lastly = async (users) => {
    const wanted = new Map(users.map(({ _id: id, version }) => [id, version]))
    const isFilled = async () => {
      const found = await readDocuments(places, 'names_g1')
      return found.length === wanted.size && found.every(({ _id: id, version }) => wanted.get(id) === version)
    }
    const filled = await waitFor(isFilled, { timeoutMs: 30_000, what: 'the new read model' }).catch(
      () => false,
    )
    scene.fact('I6', filled, 'the new read model is not the fold of the log')
  }
}

/** The operator's verb as it is typed. @returns its exit code; undefined when it was killed after `killAfterMs` */
function rebuild(
  { world }: Scene,
  args: readonly string[],
  killAfterMs?: number,
): Promise<number | undefined> {
  const { places, stack } = world
  const main = join(import.meta.dir, '../../main.ts')
  const argv = diesWithUs([process.execPath, main, 'ops', 'rebuild', 'users', '--yes', ...args], 'KILL')
  const child = spawn(argv[0]!, argv.slice(1), {
    detached: true,
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      POSTGRES_OWNER_URL: places.ownerUrl,
      RABBITMQ_URL: places.brokerUrl,
      RABBITMQ_API_URL: stack.env.RABBITMQ_API_URL,
      MONGO_URL: places.storeUrl,
    },
  })
  const timer = killAfterMs === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      clearTimeout(timer)
      resolve(code ?? undefined)
    })
  })
}

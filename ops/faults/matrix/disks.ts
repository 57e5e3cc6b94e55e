import { closeSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { startStack, type Stack } from '../../stack/index.ts'
import { Missing } from '../../stack/requirements.ts'
import { run } from '../../stack/run.ts'
import { waitFor } from '../../wait.ts'
import type { Scene } from '../scene.ts'
import type { Fault, OwnStack, Variant } from './fault.ts'
import { firstWriteAfter } from './servers.ts'

const SIZES_MB = { postgres: 500, rabbitmq: 500 } as const
type Small = keyof typeof SIZES_MB

export const F20: Fault = {
  id: 'F20',
  title: 'the disk is full',
  expected: 'fails closed, and recovers when there is room',
  variants: [
    variant("PostgreSQL's, to the last byte", 16, postgresFull),
    variant("the broker's, down to what it keeps free", 26, brokerNearlyFull),
    variant("the broker's, to the last byte", 30, brokerFull),
  ],
}

function variant(name: string, seconds: number, script: Variant['script']): Variant {
  return { name, runs: 1, seconds, ownStack: onSmallDisks, script }
}

/** Servers whose data is on disks of their own. Only root can make those: a mount outlives a server that is killed. */
async function onSmallDisks(dataDir: string, signal: AbortSignal): Promise<OwnStack> {
  if (process.getuid?.() !== 0)
    throw new Missing('only root can mount a small disk', 'run it as root, or leave out F20')
  const mounts: string[] = []
  let stack: Stack | undefined
  const release = async () => {
    // It cannot remove what a disk is mounted on.
    await stack?.stop().catch(() => {})
    for (const place of mounts) await run(['umount', '--lazy', place]).catch(() => {})
  }
  try {
    for (const [name, sizeMb] of Object.entries(SIZES_MB)) {
      const place = join(dataDir, name)
      await mkdir(place, { recursive: true })
      await run(['mount', '-t', 'tmpfs', '-o', `size=${sizeMb}m`, 'tmpfs', place])
      mounts.push(place)
    }
    stack = await startStack({ dataDir, throwaway: true, signal })
    return { stack, release, dirOf: (name) => join(dataDir, name) }
  } catch (error) {
    await release()
    throw error
  }
}

async function postgresFull(scene: Scene): Promise<void> {
  const struckMs = await full(scene, 'postgres')
  await scene.pause(scene.random.between(4_000, 6_000))
  await scene.mend('disk')
  scene.served('reads', struckMs)
  scene.answered(struckMs, scene.healedMs, 12_000)
  await firstWriteAfter(scene, 'room on the disk')
}

/** Below its limit it blocks publishers, and looks again every ten seconds at most. */
async function brokerNearlyFull(scene: Scene): Promise<void> {
  const struckMs = await full(scene, 'rabbitmq', 60)
  const [relay] = scene.world.relays
  const says = async () =>
    (await (await fetch(`${relay!.url}/health/pipeline`)).text()).includes('blocks publishers')
  await waitFor(says, { timeoutMs: 12_000, what: 'the alarm' })
  scene.mark('publishers are blocked')
  await scene.pause(2_000)
  await scene.mend('disk')
  scene.served('writes', struckMs)
  scene.served('reads', struckMs)
}

/** Its logs cannot be written and its virtual hosts go down; they come back when it is started again, and not before. */
async function brokerFull(scene: Scene): Promise<void> {
  const broker = scene.world.stack.servers.rabbitmq
  const struckMs = await full(scene, 'rabbitmq')
  await scene.pause(scene.random.between(3_000, 5_000))
  await scene.mend('disk')
  await broker.stop()
  await broker.start()
  scene.healedMs = scene.mark('the broker was started again')
  scene.served('writes', struckMs)
  scene.served('reads', struckMs)
}

async function full(scene: Scene, server: Small, leftMb = 0): Promise<number> {
  await scene.at(scene.random.between(0.1, 0.2))
  const filler = join(scene.dirOf(server), 'filler')
  scene.remedy('disk', () => rmSync(filler, { force: true }))
  fillUp(filler, leftMb)
  return scene.mark(`${server}: the disk is full`)
}

/** All but so much of what is free. */
function fillUp(file: string, leftMb: number): void {
  const output = openSync(file, 'w')
  if (leftMb > 0) {
    const { bavail, bsize } = statfsSync(file)
    for (let left = bavail * bsize - leftMb * 1_048_576; left > 0; left -= 1_048_576)
      writeSync(output, Buffer.alloc(Math.min(left, 1_048_576)))
    return closeSync(output)
  }
  for (let size = 1_048_576; size >= 1; size = Math.floor(size / 2)) {
    const block = Buffer.alloc(size)
    try {
      for (;;) writeSync(output, block)
    } catch {
      // No room for a block of this size: a smaller one may fit.
    }
  }
  closeSync(output)
}

import { existsSync, writeFileSync } from 'node:fs'
import { installCommands } from '../../stack/requirements.ts'
import { waitFor } from '../../wait.ts'
import { nowMs } from '../clock.ts'
import type { Scene } from '../scene.ts'
import type { Replica, Role } from '../world/replica.ts'
import type { Fault } from './fault.ts'

export const F19: Fault = {
  id: 'F19',
  title: 'the clock of one process stepped by an hour, and back',
  expected: 'order by version and by the log, not by time',
  variants: (['command', 'relay', 'query'] as const).map((role) => ({
    name: `of a ${role}`,
    runs: 2,
    seconds: 12,
    topology: { commands: 2, relays: 2, queries: 2, settings: { PIPELINE_OVERDUE_MS: '3000' } },
    script: (scene) => step(scene, role),
  })),
}

const LIBRARIES = ['x86_64', 'aarch64'].map(
  (arch) => `/usr/lib/${arch}-linux-gnu/faketime/libfaketimeMT.so.1`,
)

async function step(scene: Scene, role: Role): Promise<void> {
  const { world, random } = scene
  await installCommands(['faketime'], scene.signal, () => {})
  const library = LIBRARIES.find((file) => existsSync(file))
  if (!library) throw new Error('libfaketime is not where Debian has it')
  const replica = random.of(world.replicas.filter((one) => one.role === role))
  const file = `${replica.logFile}.clock`
  const set = (offset: string) => writeFileSync(file, `${offset}\n`)
  set('+0')
  await scene.at(0.05)
  await replica.stop()
  replica.start({
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  })
  await replica.untilGreen('ready')
  if (role === 'relay') await lead(scene, replica)
  const sign = random.next() < 0.5 ? '+' : '-'
  set(`${sign}3600s`)
  const steppedMs = scene.mark(`${replica.name}: ${sign}1 h`)
  await scene.pause(5_000)
  set('+0')
  scene.mark(`${replica.name}: back`)
  scene.served('writes', steppedMs)
  scene.served('reads', steppedMs)
  // The step of a second's caching.
  await scene.pause(1_500)
  if (role === 'relay') await stillHonest(scene)
}

/** By stopping the others until it does. */
async function lead({ world }: Scene, relay: Replica): Promise<void> {
  for (const other of world.relays) if (other !== relay) await other.stop()
  await waitFor(async () => (await world.activeRelay()) === relay, {
    timeoutMs: 10_000,
    what: `${relay.name} to lead`,
  })
}

/** A heartbeat of the future must not hide that none comes any more. */
async function stillHonest(scene: Scene): Promise<void> {
  const { world } = scene
  await waitFor(() => world.queries[0]!.untilGreen('pipeline').then(() => true), {
    timeoutMs: 10_000,
    what: 'a green pipeline',
  })
  for (const relay of world.relays) await relay.kill()
  const fromMs = scene.mark('no relay')
  await scene.pause(9_000)
  for (const relay of world.relays) relay.start()
  scene.healedMs = nowMs()
  scene.red('query', 'pipeline', fromMs, 8_000)
}

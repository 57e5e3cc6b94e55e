import { waitFor } from '../../wait.ts'
import { relayPoints, type RelayPoint } from '../entries/points.ts'
import { pointSetting } from '../entries/settings.ts'
import type { Scene } from '../scene.ts'
import type { Replica } from '../world/replica.ts'
import type { Fault, Variant } from './fault.ts'
import { atCommit, atStoreWrite } from './moments.ts'

const TAKEOVER_MS = 5_000

const RELAY_POINT_NAMES: Readonly<Record<RelayPoint, string>> = {
  'before-publish': 'before publish',
  'after-publish': 'after publish, before confirm',
  'after-confirm': 'after confirm, before the cursor moves',
}

export const F1: Fault = {
  id: 'F1',
  title: 'kill -9 of the active relay',
  expected: 'no loss, duplicates within two windows, another relay within 5 s',
  variants: relayPoints.map((point, n) => ({
    name: RELAY_POINT_NAMES[point],
    runs: n === 0 ? 6 : 7,
    seconds: 6,
    topology: { relays: 2, settings: { [pointSetting]: point } },
    script: killRelay,
  })),
}

async function killRelay(scene: Scene): Promise<void> {
  const { random, world } = scene
  await scene.at(random.between(0.15, 0.35))
  const relay = await active(scene)
  // Frozen for a moment, so that a backlog makes the window that it dies in a large one.
  relay.signal('SIGSTOP')
  await scene.pause(random.between(50, 900))
  relay.condemn()
  relay.signal('SIGUSR2')
  relay.signal('SIGCONT')
  await relay.ended(5_000, 'the relay to come to the point where it dies')
  const diedMs = scene.mark(`${relay.name} is dead`)
  const took = await waitFor(
    async () => (await world.activeRelay()) && performance.timeOrigin + performance.now() - diedMs,
    {
      timeoutMs: 3 * TAKEOVER_MS,
      what: 'another relay',
    },
  )
  scene.fact('I9', took <= TAKEOVER_MS, `another relay took over only after ${Math.round(took)} ms`)
  scene.mark('another relay leads')
  await scene.pause(random.between(0, 500))
  relay.start()
}

/** The relay that leads now. */
export async function active({ world }: Scene): Promise<Replica> {
  return waitFor(() => world.activeRelay(), { timeoutMs: 10_000, what: 'a relay that leads' })
}

const commandVariant = (name: string, runs: number, script: Variant['script']): Variant => ({
  name,
  runs,
  seconds: 5,
  topology: { commands: 2 },
  script,
})

export const F2: Fault = {
  id: 'F2',
  title: 'kill -9 of a command process, and a connection cut while COMMIT is under way',
  expected: 'both rows or neither; nothing applied twice',
  variants: [
    commandVariant('mid-transaction', 7, (scene) => killCommand(scene, 'before')),
    commandVariant('after COMMIT, before the answer', 7, (scene) => killCommand(scene, 'after')),
    commandVariant('connection cut while COMMIT is under way', 6, cutCommit),
  ],
}

/** Twice, each time another moment of the load; a short one has time for one. */
async function killCommand(scene: Scene, moment: 'before' | 'after'): Promise<void> {
  const { random, world } = scene
  for (const part of [random.between(0.1, 0.3), random.between(0.5, 0.7)].slice(0, isShort(scene) ? 1 : 2)) {
    await scene.at(part)
    const command = random.of(world.commands)
    const proxy = world.proxy(command, 'postgres')
    await atCommit(proxy, moment, () => {
      command.condemn()
      command.signal('SIGKILL')
    })
    scene.mark(`${command.name} is dead`)
    await command.ended(2_000, 'the process to end')
    await scene.pause(random.between(100, 600))
    command.start()
    await command.untilGreen('ready')
  }
}

const isShort = ({ seconds }: Scene) => seconds < 5

async function cutCommit(scene: Scene): Promise<void> {
  const { random, world } = scene
  for (const part of [0.1, 0.3, 0.5, 0.7]) {
    await scene.at(part + random.between(0, 0.1))
    const proxy = world.proxy(random.of(world.commands), 'postgres')
    // Cut before it arrives, or after it was carried out.
    await atCommit(proxy, random.next() < 0.5 ? 'at' : 'after', () => proxy.cut())
    scene.mark('a COMMIT is cut')
  }
}

export const F3: Fault = {
  id: 'F3',
  title: 'kill -9 of a query process after the store write, before the ack',
  expected: 'redelivered, and the documents are the same',
  variants: [
    {
      name: 'two replicas, one after the other',
      runs: 20,
      seconds: 6,
      topology: { queries: 2 },
      async script(scene) {
        const { random, world } = scene
        const victims = random.shuffled(world.queries).slice(0, isShort(scene) ? 1 : 2)
        for (const [n, query] of victims.entries()) {
          await scene.at(n === 0 ? random.between(0.1, 0.3) : random.between(0.5, 0.65))
          await atStoreWrite(world.proxy(query, 'mongo'), () => {
            query.condemn()
            query.signal('SIGKILL')
          })
          await query.ended(2_000, 'the process to end')
          scene.mark(`${query.name} is dead`)
          await scene.pause(random.between(100, 500))
          query.start()
          await query.untilGreen('ready')
        }
      },
    },
  ],
}

export const F13: Fault = {
  id: 'F13',
  title: 'two relays, the active one stopped past its lease and resumed',
  expected: 'the other takes over, the first gives up; order and effect are kept',
  variants: [
    {
      name: 'SIGSTOP for longer than the lease',
      runs: 3,
      seconds: 14,
      topology: { relays: 2 },
      async script(scene) {
        const { random, world } = scene
        await scene.at(random.between(0.1, 0.2))
        const relay = await active(scene)
        const stoppedMs = scene.mark(`${relay.name} is stopped`)
        relay.signal('SIGSTOP')
        scene.remedy('relay', () => relay.signal('SIGCONT'))
        const other = world.relays.find((one) => one !== relay)!
        const takenOver = async () =>
          /^relay_active\{[^}]*\} 1$/m.test(await (await fetch(`${other.url}/metrics`)).text())
        await waitFor(takenOver, { timeoutMs: 15_000, what: 'the other relay to lead' })
        const tookMs = scene.mark('the other relay leads') - stoppedMs
        scene.fact(
          'I9',
          tookMs <= TAKEOVER_MS,
          `the other relay took over only after ${Math.round(tookMs)} ms`,
        )
        await scene.pause(random.between(500, 3_000))
        await scene.mend('relay')
        await scene.pause(2_000)
        const leading = await Promise.all(
          world.relays.map(async ({ url }) =>
            /^relay_active\{[^}]*\} 1$/m.test(await (await fetch(`${url}/metrics`)).text()),
          ),
        )
        scene.fact(
          'I9',
          leading.filter(Boolean).length === 1,
          `${leading.filter(Boolean).length} relays lead`,
        )
      },
    },
  ],
}

export const F21: Fault = {
  id: 'F21',
  title: 'SIGTERM under load: each process restarted in turn',
  expected: 'no acknowledged request fails, each process has drained in under 10 s and ends with 0',
  variants: [
    {
      name: 'rolling restart of two of each',
      runs: 3,
      seconds: 20,
      topology: { commands: 2, relays: 2, queries: 2 },
      async script(scene) {
        const { random, world } = scene
        await scene.at(0.1)
        for (const replica of random.shuffled(world.replicas)) {
          scene.mark(`${replica.name} is told to stop`)
          const tookMs = await replica.stop(15_000)
          const { code } = world.ends.at(-1)!
          scene.fact('I9', tookMs < 10_000, `${replica.name} took ${Math.round(tookMs)} ms to stop`)
          scene.fact('I9', code === '0', `${replica.name} ended with ${code}`)
          replica.start()
          await replica.untilGreen('ready')
        }
      },
    },
  ],
}

export const F23: Fault = {
  id: 'F23',
  title: 'a random process killed every five seconds',
  expected: 'every invariant, for as long as it goes on',
  variants: [
    {
      name: 'of two commands, two relays and three queries, for ten minutes',
      runs: 1,
      seconds: 600,
      writesPerSecond: 40,
      readsPerSecond: 20,
      topology: { commands: 2, relays: 2, queries: 3 },
      convergeMs: 120_000,
      async script(scene) {
        const { random, world, seconds } = scene
        for (let atS = 3; atS < seconds - 3; atS += 5) {
          await scene.at(atS / seconds)
          const replica = random.of(world.replicas)
          scene.mark(`${replica.name} is dead`)
          await replica.kill()
          await scene.pause(random.between(0, 3_000))
          replica.start()
        }
      },
    },
  ],
}

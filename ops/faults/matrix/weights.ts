import { nowMs } from '../clock.ts'
import type { Scene } from '../scene.ts'
import { ballastTrouble, loadBallast } from '../world/ballast.ts'
import type { Fault } from './fault.ts'

const HELD_S = 300

export const F17: Fault = {
  id: 'F17',
  title: 'a transaction held open under load, and a backlog of a million rows',
  expected: 'nobody waits for them; the loss of throughput is stated',
  variants: [
    {
      name: 'a writing one, for five minutes',
      runs: 1,
      seconds: HELD_S + 40,
      writesPerSecond: 40,
      readsPerSecond: 10,
      async script(scene) {
        const { world, seconds } = scene
        await scene.at(20 / seconds)
        const before = rate(scene, scene.startedMs, nowMs())
        const holder = new Bun.SQL(world.places.adminUrl, { max: 1, idleTimeout: 0 })
        scene.remedy('transaction', () => holder.close({ timeout: 0 }))
        // It has written, so that it holds the oldest transaction id of the cluster, and taken a snapshot.
        await holder.unsafe('BEGIN ISOLATION LEVEL REPEATABLE READ')
        await holder.unsafe('CREATE TABLE held (n int); SELECT count(*) FROM outbox')
        const heldMs = scene.mark('a transaction is open')
        await scene.at((seconds - 20) / seconds)
        await holder.unsafe('ROLLBACK')
        await scene.mend('transaction')
        const during = rate(scene, heldMs, nowMs())
        scene.mark(`${before.toFixed(1)} writes/s before, ${during.toFixed(1)} meanwhile`)
        scene.served('writes', heldMs)
        scene.green('relay', 'pipeline', heldMs)
        scene.fact(
          'I9',
          during > 0.95 * before,
          `${during.toFixed(1)} writes/s instead of ${before.toFixed(1)}`,
        )
      },
    },
    {
      name: 'a million events that nobody has published yet',
      runs: 1,
      seconds: 90,
      writesPerSecond: 40,
      readsPerSecond: 10,
      convergeMs: 1_200_000,
      script: (scene) => backlog(scene, 1_000_000),
    },
  ],
}

async function backlog(scene: Scene, rows: number): Promise<void> {
  const { world } = scene
  await scene.at(10 / scene.seconds)
  const before = rate(scene, scene.startedMs, nowMs())
  for (const relay of world.relays) await relay.stop()
  await loadBallast(world.places, rows)
  for (const relay of world.relays) relay.start()
  const fromMs = scene.mark(`${rows} events are waiting`)
  scene.lastly = (documents) => {
    const trouble = ballastTrouble(documents, rows)
    scene.fact('I6', trouble === undefined, trouble ?? '')
  }
  await scene.at(1)
  const during = rate(scene, fromMs, nowMs())
  scene.mark(`${before.toFixed(1)} writes/s before, ${during.toFixed(1)} while they drain`)
  scene.healedMs = nowMs()
  scene.served('writes', fromMs)
  scene.served('reads', fromMs)
  scene.fact('I9', during > 0.95 * before, `${during.toFixed(1)} writes/s instead of ${before.toFixed(1)}`)
}

/** Of acknowledged writes, a second. */
function rate({ client }: Scene, fromMs: number, untilMs: number): number {
  const acknowledged = client.writes.flatMap(({ attempts }) =>
    attempts.filter(
      ({ status, endedMs }) => status >= 200 && status < 300 && endedMs >= fromMs && endedMs < untilMs,
    ),
  )
  return (acknowledged.length * 1_000) / (untilMs - fromMs)
}

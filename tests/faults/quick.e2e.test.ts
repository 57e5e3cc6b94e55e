import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { execute } from '../../ops/faults/matrix/execute.ts'
import { faults } from '../../ops/faults/matrix/index.ts'
import { planned } from '../../ops/faults/matrix/plan.ts'
import { brokenOf, linesOf } from '../../ops/faults/matrix/report.ts'
import { disregardExternalServers } from '../../ops/stack/external.ts'
import { startStack, type Stack } from '../../ops/stack/index.ts'
import { makeThrowawayDir } from '../../ops/stack/throwaway.ts'
import type { Topology } from '../../ops/faults/world/world.ts'
import { brokenBuilds } from './broken/builds.ts'

/** F14 goes by way of the verb, in its own test. Seconds of load: as short as each can be while a build that is broken there would still fail. */
const quick: Record<string, number> = { F1: 3, F2: 3, F3: 3, F4: 6, F5: 6 }
const timeoutMs = 60_000

let place: Awaited<ReturnType<typeof makeThrowawayDir>>
let stack: Stack
beforeAll(async () => {
  disregardExternalServers()
  place = await makeThrowawayDir()
  stack = await startStack({ dataDir: `${place.path}/stack`, throwaway: true })
}, 120_000)
afterAll(async () => {
  await stack.stop()
  await place.remove()
})

const seed = 1
function jobOf(fault: string, variant: string, seconds: number) {
  const job = planned(faults, { only: [fault], seed, seconds }).find((one) =>
    one.variant.name.startsWith(variant),
  )!
  // A broken build never agrees; a good one does so in a second.
  return { ...job, variant: { ...job.variant, convergeMs: 20_000 } }
}
/** A lease that ends sooner is taken over sooner. */
const settings = { RELAY_LEASE_TTL_MS: '1500' }
const run = (job: ReturnType<typeof jobOf>, topology?: Partial<Topology>) =>
  execute(job, {
    stack,
    dir: `${place.path}/${crypto.randomUUID()}`,
    signal: new AbortController().signal,
    topology: { settings, ...topology },
  })

describe('nothing is lost, whatever fails', () => {
  for (const [fault, seconds] of Object.entries(quick))
    for (const { variant } of planned(faults, { only: [fault], seed }).filter((job) => job.seconds <= 20))
      test(
        `${fault} ${variant.name}`,
        async () => {
          const report = await run(jobOf(fault, variant.name, seconds))
          expect(report.isGood, linesOf(report).join('\n')).toBe(true)
          expect(report.acknowledged).toBeGreaterThan(50)
          expect(report).toMatchObject({ lost: 0, unexpected: 0 })
        },
        timeoutMs,
      )
})

describe('a broken build is found', () => {
  for (const { breakage, fault, variant, topology, violates } of brokenBuilds)
    test(
      `${breakage}: ${fault} breaks ${violates.join(', ')}`,
      async () => {
        const found = new Set<string>()
        const told: string[] = []
        // Chance decides what a short run meets: a longer one follows where it met too little.
        for (const seconds of [3, 6, 12]) {
          const job = jobOf(fault, variant, seconds)
          const report = await run({ ...job, variant: { ...job.variant, convergeMs: 1_000 } }, topology)
          expect(report.error).toBeUndefined()
          told.push(...linesOf(report))
          for (const name of brokenOf(report)) found.add(name)
          if (violates.every((name) => found.has(name))) break
        }
        expect([...found], told.join('\n')).toEqual(expect.arrayContaining([...violates]))
      },
      3 * timeoutMs,
    )
})

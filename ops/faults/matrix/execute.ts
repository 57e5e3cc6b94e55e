import { rm } from 'node:fs/promises'
import type { Stack } from '../../stack/index.ts'
import { makeThrowawayDir } from '../../stack/throwaway.ts'
import { run, type RunOptions, type RunResult } from '../run.ts'
import type { Topology } from '../world/world.ts'
import type { OwnStack } from './fault.ts'
import type { Job } from './plan.ts'
import { failureOf, reportOf, type RunReport } from './report.ts'

export interface ExecuteOptions {
  readonly stack: Stack
  /** Logs and records of the run; kept where it was not good. */
  readonly dir: string
  readonly signal: AbortSignal
  /** A deliberately broken build, say. */
  readonly topology?: Partial<Topology> | undefined
  /** Instead of the variant's and the matrix's own. */
  readonly overrides?: Partial<RunOptions>
  /** Told before the report is made, which leaves most of it out. */
  readonly onResult?: (result: RunResult) => void
}

/** Makes one run of the matrix. Never rejects, but when interrupted: what fails is in the report. */
export async function execute(job: Job, options: ExecuteOptions): Promise<RunReport> {
  const { ownStack } = job.variant
  if (!ownStack) return onStack(job, options)
  const startedMs = performance.now()
  const place = await makeThrowawayDir()
  try {
    const own = await ownStack(place.path, options.signal)
    try {
      return await onStack(job, { ...options, stack: own.stack, dirOf: own.dirOf })
    } finally {
      await own.release()
    }
  } catch (error) {
    options.signal.throwIfAborted()
    return failureOf(job, error, performance.now() - startedMs)
  } finally {
    await place.remove()
  }
}

async function onStack(
  job: Job,
  {
    stack,
    dir,
    signal,
    topology,
    overrides,
    onResult,
    dirOf,
  }: ExecuteOptions & Partial<Pick<OwnStack, 'dirOf'>>,
): Promise<RunReport> {
  const { variant, seed, seconds } = job
  const startedMs = performance.now()
  // Records are appended to: those of an earlier run of this name are not of this one.
  await rm(dir, { recursive: true, force: true })
  try {
    const settings = { ...variant.topology?.settings, ...topology?.settings }
    const result = await run({
      stack,
      dirOf,
      dir,
      seed,
      seconds,
      signal,
      topology: { ...ONE_OF_EACH, ...variant.topology, ...topology, settings },
      writesPerSecond: variant.writesPerSecond ?? 80,
      readsPerSecond: variant.readsPerSecond ?? 40,
      patienceMs: variant.patienceMs ?? 12_000,
      convergeMs: variant.convergeMs ?? 60_000,
      script: variant.script,
      ...overrides,
    })
    onResult?.(result)
    if (result.isGood) await rm(dir, { recursive: true, force: true })
    return reportOf(job, result)
  } catch (error) {
    signal.throwIfAborted()
    return failureOf(job, error, performance.now() - startedMs)
  } finally {
    // The next run finds whole servers, whatever this one did.
    if (!signal.aborted)
      for (const server of Object.values(stack.servers)) await server.start().catch(() => {})
  }
}

const ONE_OF_EACH: Topology = { commands: 1, relays: 1, queries: 1, partitions: 4 }

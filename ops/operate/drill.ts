import { execute } from '../faults/matrix/execute.ts'
import type { Fault, Variant } from '../faults/matrix/fault.ts'
import { faults } from '../faults/matrix/index.ts'
import type { RunReport } from '../faults/matrix/report.ts'
import { delay } from '../../shared/process/backoff.ts'
import { UsageError } from '../cli/exit-codes.ts'
import type { Stack } from '../stack/index.ts'
import type { Connections } from './connections.ts'
import { readStatus } from './status/status.ts'

export interface DrillWish {
  readonly fault: Fault
  readonly variant: Variant
  readonly seed: number
  /** Of load; undefined for the variant's own. */
  readonly seconds: number | undefined
}

export interface Drilled extends RunReport {
  /** What `status` says of the system of this checkout that it did not say before; empty when it came through. */
  readonly newTroubles: readonly string[]
}

/** @param variantName its number, from 1 on, or the beginning of its name; the first where left out @throws UsageError */
export function drillNamed(
  faultId: string | undefined,
  variantName: string | undefined,
): Pick<DrillWish, 'fault' | 'variant'> {
  const fault = faults.find(({ id }) => id === faultId?.toUpperCase())
  if (!fault)
    throw new UsageError(`which fault? one of ${faults.map(({ id }) => id).join(', ')}; --list tells more`)
  const variant = fault.variants.find(
    ({ name }, index) =>
      variantName === undefined || `${index + 1}` === variantName || name.startsWith(variantName),
  )
  if (variant) return { fault, variant }
  throw new UsageError(
    `${fault.id} has no variant "${variantName}": ${fault.variants.map(({ name }) => name).join('; ')}`,
  )
}

const calmTimeoutMs = 60_000
const lookMs = 1_000

/**
 * Hurts the servers of a running stack, heals them, and counts. The load is written by processes of its own, to a
 * database, a virtual host and a store's database of their own, so that nobody's data is touched; the system that
 * runs on the same servers goes through the fault too, and is looked at afterwards.
 */
export async function drill(
  connections: Connections,
  { fault, variant, seed, seconds = variant.seconds }: DrillWish,
  { stack, dir, signal }: { stack: Stack; dir: string; signal: AbortSignal },
): Promise<Drilled> {
  const before = new Set((await readStatus(connections)).troubles)
  const report = await execute({ fault, variant, seed, seconds }, { stack, dir, signal })
  const newTroubles = async () => (await readStatus(connections)).troubles.filter((one) => !before.has(one))
  const deadline = performance.now() + calmTimeoutMs
  let troubles = await newTroubles()
  while (troubles.length > 0 && performance.now() < deadline) {
    await delay(lookMs, signal)
    signal.throwIfAborted()
    troubles = await newTroubles()
  }
  return { ...report, newTroubles: troubles }
}

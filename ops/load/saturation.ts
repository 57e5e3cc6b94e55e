import { cpus } from 'node:os'
import { ELSE, meanCores } from './cpu.ts'
import type { Part } from './parts.ts'
import type { Sample } from './sampler.ts'

/** Of what it can have; the rest goes into waiting for a core, and is not seen in a mean over seconds. */
const FULL = 0.85
const FIRST_NAMED = 3

/** Which part of the system has no more to give, by the CPU that each took in that time. */
export function saturatedPart(
  samples: readonly Sample[],
  parts: readonly Pick<Part, 'name' | 'isSingleThreaded'>[],
  coresMax = cpus().length,
): string {
  if (samples.length === 0) return 'unknown: no sample was taken'
  const used = meanCores(samples).toSorted((a, b) => b.cores - a.cores)
  const total = used.reduce((sum, { cores }) => sum + cores, 0)
  const loops = new Set(parts.filter(({ isSingleThreaded }) => isSingleThreaded).map(({ name }) => name))
  const loop = used.find(({ name, cores }) => loops.has(name) && cores >= FULL)
  if (loop) return `${loop.name}: its event loop takes ${loop.cores.toFixed(2)} of the one core it can use`
  const shares = used
    .slice(0, FIRST_NAMED)
    .map(({ name, cores }) => `${name === ELSE ? 'others' : name} ${cores.toFixed(2)}`)
  const most = `most by ${shares.join(', ')}`
  if (total >= coresMax * FULL) return `the machine: ${total.toFixed(2)} of ${coresMax} cores busy, ${most}`
  return `no processor: ${total.toFixed(2)} of ${coresMax} cores busy, ${most}; it waits for something else`
}

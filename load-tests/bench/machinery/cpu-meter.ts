import { readFileSync } from 'node:fs'
import type { Part } from '../../../ops/load/parts.ts'
import { processTable, treeOf } from '../../../ops/load/proc.ts'
import { sum } from '../../../ops/report/numbers.ts'

/** What generates the load and ends with it: known by what our own ended children have used. */
export const LOAD = 'load'

/**
 * CPU by part from now on: of each process with all that it has started, from `/proc`.
 * @returns what was used since; milliseconds. Parts that ended in between count as nothing
 */
export function startCpuMeter(parts: readonly Part[]): () => Record<string, number> {
  const before = cpuOf(parts)
  return () => {
    const now = cpuOf(parts)
    const used = [...now].map(([name, ms]) => [name, Math.max(0, ms - (before.get(name) ?? 0))] as const)
    return Object.fromEntries(used)
  }
}

function cpuOf(parts: readonly Part[]): Map<string, number> {
  const table = processTable()
  const cpu = new Map<string, number>([[LOAD, endedChildrenMs()]])
  for (const { name, root } of parts)
    cpu.set(name, (cpu.get(name) ?? 0) + sum(treeOf(root, table).map(({ cpuMs }) => cpuMs)))
  return cpu
}

/** cutime and cstime of our own: hundredths of a second, whatever the kernel's clock does. */
function endedChildrenMs(): number {
  const stat = readFileSync('/proc/self/stat', 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) * 10
}

/** Resident memory of the processes, by part; MB. */
export function rssOf(parts: readonly Part[]): Record<string, number> {
  return Object.fromEntries(parts.map(({ name, root }) => [name, rssMb(root)]))
}

export function rssMb(pid: number): number {
  const [, kb = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) / 1_024
}

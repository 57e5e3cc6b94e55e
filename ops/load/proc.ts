import { readFileSync, readdirSync } from 'node:fs'

/** One line of the kernel's table of processes. */
export interface ProcessRow {
  pid: number
  parent: number
  /** The program's name, 15 characters at most. */
  name: string
  /** Used so far, its ended children's included, that it has waited for. */
  cpuMs: number
  /** Resident, what it shares with others included. */
  rssBytes: number
}

/** The kernel counts in hundredths of a second, whatever its own clock does. */
const TICK_MS = 10
const PAGE_BYTES = 4_096

export function processTable(): Map<number, ProcessRow> {
  const table = new Map<number, ProcessRow>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const row = rowOf(read(`/proc/${name}/stat`))
    if (row) table.set(row.pid, row)
  }
  return table
}

/** @param stat `/proc/PID/stat`; the name stands second, in brackets, and may hold anything */
export function rowOf(stat: string): ProcessRow | undefined {
  const end = stat.lastIndexOf(')')
  if (end < 0) return undefined
  const fields = stat.slice(end + 2).split(' ')
  return {
    pid: Number.parseInt(stat, 10),
    name: stat.slice(stat.indexOf('(') + 1, end),
    parent: Number(fields[1]),
    // utime, stime, cutime and cstime.
    cpuMs: fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * TICK_MS, 0),
    rssBytes: Number(fields[21]) * PAGE_BYTES,
  }
}

/** The process and all that it has started, and those, as far as they live. */
export function treeOf(root: number, table: ReadonlyMap<number, ProcessRow>): ProcessRow[] {
  const found: ProcessRow[] = []
  const children = Map.groupBy(table.values(), ({ parent }) => parent)
  const visit = (pid: number) => {
    const row = table.get(pid)
    if (!row) return
    found.push(row)
    for (const child of children.get(pid) ?? []) visit(child.pid)
  }
  visit(root)
  return found
}

/** Of all cores together, since the machine started. */
export function busyMs(): number {
  const [, ...ticks] = read('/proc/stat').split('\n')[0]!.trim().split(/\s+/)
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks.map(Number)
  return (user + nice + system + irq + softirq + steal) * TICK_MS
}

export function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // It has ended in between, or is another user's.
    return ''
  }
}

import { spawnSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'
import { processTable, treeOf } from './proc.ts'
import type { FoundTarget } from './target.ts'

type Found = Pick<FoundTarget, 'target' | 'stack'>

/** What a figure is worth nothing without. */
export interface Setting {
  machine: string
  versions: string
  store: string
  system: string
}

export function settingOf(found: Found, k6Version: string): Setting {
  const processors = cpus()
  const commit = spawnSync('git', ['describe', '--always', '--dirty'], {
    cwd: import.meta.dir,
    encoding: 'utf8',
  })
  const products = found.stack?.servers.map(({ product }) => product) ?? []
  return {
    machine: `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}; the load and the system share it where the system is local`,
    versions: [
      `k6 ${k6Version}`,
      `Bun ${Bun.version}`,
      ...products,
      `outbox-cqrs ${commit.stdout?.trim() || 'unknown'}`,
    ].join(', '),
    store: storeOf(found),
    system: [...found.target.commandUrls, ...found.target.queryUrls].join(' and '),
  }
}

/** Named in each report: FerretDB on DocumentDB is not MongoDB. */
function storeOf({ target, stack }: Found): string {
  const product = stack?.servers.find(({ name }) => name === 'mongo')?.product
  const table = processTable()
  const programs = new Set(target.parts.flatMap(({ root }) => treeOf(root, table)).map(({ name }) => name))
  if (programs.has('ferretdb'))
    return `${product ?? 'FerretDB'} on PostgreSQL with DocumentDB, which is not MongoDB`
  if (programs.has('mongod')) return product ?? 'MongoDB'
  return 'unknown: its process is not on this machine, or not ours to see'
}

import { spawnSync } from 'node:child_process'
import { cpus, release, totalmem } from 'node:os'
import type { FoundParts } from './parts.ts'

/** What a figure is worth nothing without. */
export interface Setting {
  machine: string
  versions: string
  store: string
  system: string
}

export function settingOf(
  found: FoundParts,
  k6Version: string,
  urls: { commandUrl: string; queryUrl: string },
): Setting {
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
    system: `${urls.commandUrl} and ${urls.queryUrl}`,
  }
}

/** Named in each report: FerretDB on DocumentDB is not MongoDB. */
function storeOf({ parts, stack }: FoundParts): string {
  const product = stack?.servers.find(({ name }) => name === 'mongo')?.product
  const name = product ?? parts.find((part) => ['FerretDB', 'MongoDB'].includes(part.name))?.name
  if (!name) return 'unknown: its process is not on this machine, or not ours to see'
  return name.startsWith('FerretDB') ? `${name} on PostgreSQL with DocumentDB, which is not MongoDB` : name
}

import { cpus, release, totalmem } from 'node:os'
import { commitNow } from '../../../ops/faults/commit.ts'
import type { BenchOptions, Sizes } from './options.ts'
import type { Site } from './site.ts'

/** What a figure is worth nothing without. */
export interface BenchSetting {
  readonly at: string
  readonly commit: string
  readonly machine: string
  readonly cores: number
  readonly versions: string
  readonly store: string
  /** How the servers and the processes were set. */
  readonly settings: string
  readonly quick: boolean
  readonly sizes: Sizes
}

export function settingNow(
  { stack, peers }: Omit<Site, 'defer'>,
  { quick, sizes }: BenchOptions,
): BenchSetting {
  const processors = cpus()
  const store = stack.servers.mongo.product
  return {
    at: new Date().toISOString(),
    commit: commitNow(),
    machine: `${processors.length} × ${processors[0]?.model.trim() ?? 'unknown processor'}, ${Math.round(totalmem() / 2 ** 30)} GB, Linux ${release()}; load, system and servers share it`,
    cores: processors.length,
    versions: [
      `Bun ${Bun.version}`,
      ...Object.values(stack.servers).map(({ product }) => product),
      'wrk',
    ].join(', '),
    store: store.startsWith('FerretDB')
      ? `${store} on PostgreSQL with DocumentDB, which is not MongoDB`
      : store,
    settings: `PostgreSQL with fsync, full_page_writes and synchronous_commit on${peers ? ', wal_level = logical for the peers that read it' : ''}; quorum queues, persistent messages, confirms; write concern majority; our processes with the settings that ship`,
    quick,
    sizes,
  }
}

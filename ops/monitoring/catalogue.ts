import type { Metric } from 'prom-client'
import { genericAggregates } from '../../command/aggregates.ts'
import { createRelayService } from '../../command/relay/service.ts'
import { relaySettings } from '../../command/relay/settings.ts'
import { createCommandService } from '../../command/service.ts'
import { commandSettings } from '../../command/settings.ts'
import { createQueryService } from '../../query/service.ts'
import { querySettings } from '../../query/settings.ts'
import { silentLogger } from '../../shared/process/log.ts'
import type { Metrics } from '../../shared/process/metrics.ts'
import { loadSettings } from '../../shared/process/settings.ts'

export const processNames = ['command', 'relay', 'query'] as const
export type ProcessName = (typeof processNames)[number]

export interface MetricEntry {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  /** Without `service`, which all have. */
  readonly labels: readonly string[]
  readonly processes: readonly ProcessName[]
}

/** Every metric of the three processes, from their registries: they are wired as they run, and not started. */
export function metricCatalogue(): MetricEntry[] {
  const found = new Map<string, MetricEntry>()
  for (const [process, metrics] of Object.entries(registries()) as [ProcessName, Metrics][])
    for (const metric of metrics.getMetricsAsArray() as unknown as Declared[]) {
      const { name, help, labelNames: labels } = metric
      const known = found.get(name)
      if (known && known.help !== help) throw new Error(`${name} means two things`)
      const processes = [...(known?.processes ?? []), process]
      found.set(name, { name, type: typeOf(metric), help, labels, processes })
    }
  return [...found.values()].toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))
}

/** The parts of a metric that its public type leaves out. */
type Declared = Metric & {
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
}

function registries(): Record<ProcessName, Metrics> {
  return {
    command: createCommandService(loadSettings(commandSettings, {}), silentLogger).metrics,
    relay: createRelayService(loadSettings(relaySettings, {}), genericAggregates, silentLogger).metrics,
    query: createQueryService(loadSettings(querySettings, {}), silentLogger).metrics,
  }
}

function typeOf(metric: Metric): MetricEntry['type'] {
  const type = metric.constructor.name.toLowerCase()
  if (type !== 'counter' && type !== 'gauge' && type !== 'histogram') throw new Error(`a metric is a ${type}`)
  return type
}

/** One process's own first, in the order of the pipeline; what all have comes last. */
const rank = ({ processes }: MetricEntry) =>
  processes.length > 1 ? processNames.length : processNames.indexOf(processes[0]!)

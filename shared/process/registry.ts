import { Registry } from 'prom-client'
import type { Metrics } from './metrics.ts'
import { runtimeMetrics } from './runtime-metrics.ts'

/** A registry of its own per process (and per test), with what the process tells of itself. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  runtimeMetrics(registry)
  return registry
}

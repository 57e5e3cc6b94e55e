import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'

export type Metrics = Registry

/** A registry of its own per process (and per test), with the runtime's default metrics. */
export function createMetrics(service: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service })
  collectDefaultMetrics({ register: registry })
  return registry
}

export function counter<L extends string = never>(
  metrics: Metrics,
  name: string,
  help: string,
  labelNames: L[] = [],
) {
  return new Counter<L>({ name, help, labelNames, registers: [metrics] })
}

/** @param collect sets the value at scrape time; it must not throw */
export function gauge<L extends string = never>(
  metrics: Metrics,
  name: string,
  help: string,
  labelNames: L[] = [],
  collect?: (gauge: Gauge<L>) => void | Promise<void>,
) {
  const made: Gauge<L> = new Gauge<L>({
    name,
    help,
    labelNames,
    registers: [metrics],
    ...(collect ? { collect: () => collect(made) } : undefined),
  })
  return made
}

export function histogram<L extends string = never>(
  metrics: Metrics,
  name: string,
  help: string,
  buckets: number[],
  labelNames: L[] = [],
) {
  return new Histogram<L>({ name, help, buckets, labelNames, registers: [metrics] })
}

/** Seconds, from half a millisecond to half a minute. */
export const latencyBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
]
/** Counts per batch or window. */
export const sizeBuckets = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]

/** For an app's `onAnswer`: duration of answers by method, route pattern and status. */
export function answerMetrics(metrics: Metrics) {
  const seconds = histogram(
    metrics,
    'http_answer_seconds',
    'Time from a request to its answer.',
    latencyBuckets,
    ['method', 'route', 'status'],
  )
  return (answer: { method: string; route: string | undefined; status: number; seconds: number }) =>
    seconds.observe(
      { method: answer.method, route: answer.route ?? 'none', status: String(answer.status) },
      answer.seconds,
    )
}

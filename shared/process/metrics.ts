import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export type Metrics = Registry

export function counter<L extends string = never>(
  metrics: Metrics,
  name: string,
  help: string,
  labelNames: L[] = [],
  collect?: (counter: Counter<L>) => void,
) {
  const made: Counter<L> = new Counter<L>({
    ...declared(metrics, { name, help, labelNames }),
    ...(collect && { collect: () => collect(made) }),
  })
  return made
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
    ...declared(metrics, { name, help, labelNames }),
    ...(collect && { collect: () => collect(made) }),
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
  return new Histogram<L>({ ...declared(metrics, { name, help, labelNames }), buckets })
}

/** For a label whose values are known: a series that begins with its first event hides it from every rate. */
export function fromZero<L extends string>(
  made: Counter<L>,
  label: L,
  values: readonly string[],
): Counter<L> {
  for (const value of values) made.inc({ [label]: value } as Record<L, string>, 0)
  return made
}

const declared = <T extends object>(metrics: Metrics, description: T) => ({
  ...description,
  registers: [metrics],
})

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
    'Time from the head of a request to its answer, by the pattern of its route (none: no route).',
    latencyBuckets,
    ['method', 'route', 'status'],
  )
  return (answer: { method: string; route: string | undefined; status: number; seconds: number }) =>
    seconds.observe(
      { method: methodOf(answer.method), route: answer.route ?? 'none', status: String(answer.status) },
      answer.seconds,
    )
}

/** Any token is a method, and who sends one must not make a new series. */
const methodOf = (method: string) => (methods.has(method) ? method : 'other')
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

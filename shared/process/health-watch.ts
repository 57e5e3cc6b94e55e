import { unlessAborted } from './abort.ts'
import { delay } from './backoff.ts'
import type { Check, Health, HealthReport } from './health.ts'
import type { Runnable } from './lifecycle.ts'
import type { Logger } from './log.ts'
import { gauge, type Metrics } from './metrics.ts'

export interface HealthWatchOptions {
  readonly health: Health
  readonly metrics: Metrics
  readonly log: Logger
  readonly intervalMs?: number
}

/**
 * Asks the process's own health every few seconds and tells it as metrics, so that one rule can watch every check. Not
 * at the scrape: a dependency that hangs would make the scrape hang with it.
 */
export function watchHealth({ health, metrics, log, intervalMs = 5_000 }: HealthWatchOptions): Runnable {
  const stopping = new AbortController()
  let running: Promise<void> | undefined
  const states = gauge(
    metrics,
    'health_check_state',
    'Checks of /health/ready and /health/pipeline, asked every 5 s: 0 ok, 1 degraded, 2 failed.',
    ['question', 'check'],
  )

  function show(question: 'ready' | 'pipeline', { checks }: HealthReport): void {
    for (const { name, state } of checks) states.set({ question, check: name }, valueOf[state])
  }

  async function look(): Promise<void> {
    const [ready, pipeline] = await Promise.all([health.ready(), health.pipeline()])
    states.reset()
    show('ready', ready)
    show('pipeline', pipeline)
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      const looking = look().catch((error: unknown) => log.error('health cannot be asked', { error }))
      await unlessAborted(looking, stopping.signal)
      await delay(intervalMs, stopping.signal)
    }
  }

  return {
    name: 'health watch',
    start() {
      running ??= run()
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

const valueOf: Readonly<Record<Check['state'], number>> = { ok: 0, degraded: 1, failed: 2 }

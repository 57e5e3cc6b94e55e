import { TimeoutError, withTimeout } from './backoff.ts'

/** One dependency or condition as `/health/ready` and `/health/pipeline` show it. */
export interface Check {
  readonly name: string
  /** `degraded` names a trouble that does not concern this question, and leaves the answer 200. */
  readonly state: 'ok' | 'degraded' | 'failed'
  /** What is wrong and what is being done about it; no host, no secret. */
  readonly reason?: string
  readonly latency_ms?: number
  readonly [detail: string]: unknown
}

export interface HealthReport {
  readonly status: 'ok' | 'degraded' | 'failed'
  readonly checks: readonly Check[]
}

/** Three questions, answered apart: live (it runs), ready (should it get traffic?), pipeline (do events flow?). */
export interface Health {
  ready(): Promise<HealthReport>
  pipeline(): Promise<HealthReport>
  /** From now on ready is red: the process is about to stop. */
  stopping(): void
}

export type Probe = () => Promise<Check> | Check

export function createHealth(probes: { ready: readonly Probe[]; pipeline: readonly Probe[] }): Health {
  let stopping = false
  return {
    ready: async () => {
      const report = await ask(probes.ready)
      if (!stopping) return report
      const check: Check = { name: 'process', state: 'failed', reason: 'the process is stopping' }
      return { status: 'failed', checks: [check, ...report.checks] }
    },
    pipeline: () => ask(probes.pipeline),
    stopping: () => {
      stopping = true
    },
  }
}

/**
 * A probe that runs `check` with a time limit and reports how long it took.
 * @param severity what a failure means: `failed` where the answer depends on it, else `degraded`
 */
export function dependency(
  name: string,
  severity: 'degraded' | 'failed',
  check: () => Promise<unknown>,
  timeoutMs = 2_000,
): Probe {
  return async () => {
    const startedAt = performance.now()
    const latency = () => Math.round((performance.now() - startedAt) * 10) / 10
    try {
      await withTimeout(check(), timeoutMs, name)
      return { name, state: 'ok', latency_ms: latency() }
    } catch (error) {
      const reason = error instanceof TimeoutError ? `no answer within ${timeoutMs} ms` : 'not reachable'
      return { name, state: severity, reason, latency_ms: latency() }
    }
  }
}

async function ask(probes: readonly Probe[]): Promise<HealthReport> {
  const checks = await Promise.all(probes.map((probe) => probe()))
  const worst = checks.some((check) => check.state === 'failed')
    ? 'failed'
    : checks.some((check) => check.state === 'degraded')
      ? 'degraded'
      : 'ok'
  return { status: worst, checks }
}

import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import type { Health, HealthReport } from '../process/health.ts'
import { healthReport } from './schemas.ts'

/** `/health/live|ready|pipeline` and `/metrics`: the same on every process. */
export function operations(deps: { health: Health; metricsText: () => Promise<string> }) {
  const answer = (
    report: HealthReport,
    set: { status?: number | string; headers: Record<string, unknown> },
  ) => {
    set.status = report.status === 'failed' ? 503 : 200
    set.headers['cache-control'] = 'no-store'
    return report as { status: 'ok'; checks: [] }
  }
  const response = { 200: healthReport, 503: healthReport }
  const tags = ['operations']
  return new Elysia({ name: 'operations' })
    .get('/health/live', () => ({ status: 'ok' as const }), {
      detail: { tags, operationId: 'live', summary: 'Does the process run?' },
      response: { 200: Type.Object({ status: Type.Literal('ok') }) },
    })
    .get('/health/ready', async ({ set }) => answer(await deps.health.ready(), set), {
      detail: {
        tags,
        operationId: 'ready',
        summary: 'Should this process get traffic?',
        description:
          'A dependency that this process can do without is named as degraded and leaves the answer 200.',
      },
      response,
    })
    .get('/health/pipeline', async ({ set }) => answer(await deps.health.pipeline(), set), {
      detail: { tags, operationId: 'pipeline', summary: 'Do events flow, and if not, why?' },
      response,
    })
    .get(
      '/metrics',
      async ({ set }) => {
        set.headers['content-type'] = 'text/plain; version=0.0.4; charset=utf-8'
        return deps.metricsText()
      },
      {
        detail: {
          tags,
          operationId: 'metrics',
          summary: 'Metrics in the Prometheus text format',
          hide: true,
        },
      },
    )
}

import { gauge, type Metrics } from '../../shared/process/metrics.ts'

/** Bun's driver tells nothing of its connections; what waits for an answer is counted here. */
export function poolMetrics(
  metrics: Metrics,
  pools: Readonly<Record<string, { readonly statements: number; readonly connections: number }>>,
): void {
  const statements = (made: ReturnType<typeof gauge<'pool'>>) => {
    for (const [pool, figures] of Object.entries(pools)) made.set({ pool }, figures.statements)
  }
  gauge(
    metrics,
    'relay_postgres_statements',
    'Statements to PostgreSQL without an answer yet; the driver sends several down one connection.',
    ['pool'],
    statements,
  )
  const most = gauge(metrics, 'relay_postgres_connections_max', 'Most connections to PostgreSQL at once.', [
    'pool',
  ])
  for (const [pool, { connections }] of Object.entries(pools)) most.set({ pool }, connections)
}

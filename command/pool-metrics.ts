import { gauge, type Metrics } from '../shared/process/metrics.ts'

/** The figures of `pg.Pool`. */
export interface PoolFigures {
  readonly totalCount: number
  readonly idleCount: number
  readonly waitingCount: number
}

/** @param figures undefined until the pool is made */
export function poolMetrics(
  metrics: Metrics,
  { max, figures }: { max: number; figures: () => PoolFigures | undefined },
): void {
  gauge(
    metrics,
    'postgres_pool_connections',
    'Connections to PostgreSQL that are open: in use by a transaction, or idle.',
    ['state'],
    (made) => {
      const { totalCount = 0, idleCount = 0 } = figures() ?? {}
      made.set({ state: 'in_use' }, totalCount - idleCount)
      made.set({ state: 'idle' }, idleCount)
    },
  )
  gauge(
    metrics,
    'postgres_pool_connections_max',
    'Most connections to PostgreSQL at once: POSTGRES_POOL_MAX.',
  ).set(max)
  gauge(metrics, 'postgres_pool_waiting', 'Transactions and pings that wait for a connection.', [], (made) =>
    made.set(figures()?.waitingCount ?? 0),
  )
}

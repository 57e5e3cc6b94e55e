import type { Aggregate } from './commit/aggregate.ts'
import { users } from './users/index.ts'

/** Every aggregate of the command side; their order is the order in which their rows are locked. */
export const aggregates = [users] as const

/** As the generic machinery sees them, which knows no aggregate's state. */
export const genericAggregates: readonly Aggregate[] = aggregates as unknown as readonly Aggregate[]

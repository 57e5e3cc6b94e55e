import { genericAggregates } from '../../command/aggregates.ts'
import type { Aggregate } from '../../command/commit/aggregate.ts'
import { identifier } from '../../command/sql.ts'
import { UsageError } from '../cli/exit-codes.ts'

/** @throws UsageError naming those that there are */
export function aggregateNamed(name: string | undefined): Aggregate {
  const found = genericAggregates.find((aggregate) => aggregate.name === name)
  if (found) return found
  const names = genericAggregates.map((aggregate) => aggregate.name).join(', ')
  throw new UsageError(
    `${name ? `there is no aggregate "${name}"` : 'which aggregate?'}: it is one of ${names}`,
  )
}

/** Of the current states, quoted for SQL. */
export const tableOf = ({ entity }: Aggregate): string => identifier(entity.meta.tableName)

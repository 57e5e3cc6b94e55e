import type { Aggregate } from '../commit/aggregate.ts'
import type { AsyncApiInput } from './asyncapi.ts'

/** What these aggregates' events promise, where they are spread over so many partitions. */
export const contractsOf = (aggregates: readonly Aggregate[], partitions: number): AsyncApiInput => ({
  sources: aggregates,
  samples: aggregates.flatMap(({ samples = [] }) => samples),
  partitions,
})

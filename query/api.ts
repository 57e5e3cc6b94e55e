import type { ApiOf } from '../shared/http/api-type.ts'
import type { operations } from '../shared/http/operations.ts'
import type { readModels } from './read-models.ts'

/** The query service for typed clients: `treaty<QueryApi>('http://localhost:3001')`. */
export type QueryApi = ApiOf<
  ReturnType<(typeof readModels)[number]['routes']> | ReturnType<typeof operations>
>

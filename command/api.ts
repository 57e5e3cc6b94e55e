import type { ApiOf } from '../shared/http/api-type.ts'
import type { operations } from '../shared/http/operations.ts'
import type { aggregates } from './aggregates.ts'

/** The command service for typed clients: `treaty<CommandApi>('http://localhost:3000')`. */
export type CommandApi = ApiOf<
  ReturnType<(typeof aggregates)[number]['routes']> | ReturnType<typeof operations>
>

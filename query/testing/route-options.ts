import { createConsistencyTokens } from '../../shared/process/consistency-tokens.ts'
import { extendedBy } from '../extensions.ts'
import type { RouteOptions } from '../projector/read-model.ts'

export const tokens = createConsistencyTokens('of the tests')

/** For routes that are tried by themselves. */
export const routeOptions = (change: Partial<RouteOptions> = {}): RouteOptions => ({
  publicUrl: 'https://api.example.com',
  cacheControl: 'no-cache',
  lagMs: () => 42,
  tokens,
  waitDefaultS: 2,
  waitMaxS: 10,
  settings: {},
  extended: (path) => extendedBy([], path),
  ...change,
})

import { extendedBy } from '../extensions.ts'
import type { RouteOptions } from '../projector/read-model.ts'

/** For routes that are tried by themselves. */
export const routeOptions = (change: Partial<RouteOptions> = {}): RouteOptions => ({
  publicUrl: 'https://api.example.com',
  cacheControl: 'no-cache',
  lagMs: () => 42,
  settings: {},
  extended: (path) => extendedBy([], path),
  ...change,
})

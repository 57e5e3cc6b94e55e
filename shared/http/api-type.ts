import type { AnyElysia, Elysia } from 'elysia'

/**
 * The routes of several plugins as the type of one app: what a typed client is made from. A type alone, so that a
 * client takes none of the service's code along.
 */
// oxlint-disable-next-line typescript/no-explicit-any -- a client looks at the routes alone
export type ApiOf<Plugins extends AnyElysia> = Elysia<'', any, any, any, RoutesOf<Plugins>, any, any>

type RoutesOf<Plugins extends AnyElysia> = Intersection<
  Plugins extends AnyElysia ? Plugins['~Routes'] : never
>

/** Of a union. */
type Intersection<Union> = (Union extends unknown ? (member: Union) => void : never) extends (
  all: infer All extends Record<string, unknown>,
) => void
  ? All
  : never

import { Type, type Static } from '@sinclair/typebox'
import { eventCatalogue } from './catalogue.ts'
import { instant, uuid } from './fields.ts'

const code = (what: string, example: string) =>
  Type.String({
    pattern: '^[A-Z0-9][A-Z0-9-]{0,31}$',
    'x-error': `must be ${what} of at most 32 capital letters, digits and hyphens`,
    example,
  })
const count = (maximum: number, example: number, description: string) =>
  Type.Integer({ minimum: 0, maximum, example, description })

const item = Type.Object(
  {
    sku: code('an article number', 'BOOK-42'),
    quantity: Type.Integer({ minimum: 1, maximum: 10_000, example: 2 }),
    price: count(1_000_000_000, 1990, 'Of one piece, in minor units of the currency'),
  },
  { additionalProperties: false },
)

/** An order's whole state after a change; the version is the envelope's. */
export const orderState = Type.Object({
  id: { ...uuid, example: '01890a5d-ac96-774b-bcce-b302099a9001' },
  number: code('an order number', 'A-1001'),
  /** A reference and no more: users and orders are consistent each by itself. */
  user_id: { ...uuid, example: '01890a5d-ac96-774b-bcce-b302099a8057' },
  items: Type.Array(item, {
    minItems: 1,
    maxItems: 100,
    example: [{ sku: 'BOOK-42', quantity: 2, price: 1990 }],
  }),
  status: Type.Union([Type.Literal('placed'), Type.Literal('cancelled')], { example: 'placed' }),
  created_at: instant,
  cancelled_at: Type.Union([instant, Type.Null()]),
  updated_at: instant,
})

export const orderEvents = eventCatalogue({
  'orders.order.placed.v1': orderState,
  'orders.order.cancelled.v1': orderState,
  'orders.order.purged.v1': Type.Object({ id: uuid }),
  /** The current state at its version, sent in a replay. */
  'orders.order.snapshot.v1': orderState,
})
export type OrderState = Static<typeof orderState>
export type OrderEvent = ReturnType<typeof orderEvents.decode>

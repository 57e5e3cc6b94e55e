import { defineEntity, p } from '@mikro-orm/core'
import { orderEvents, type orderState } from '../../shared/events/orders.ts'
import { aggregate, deletion, event, reject, type StateOf } from '../commit/aggregate.ts'
import { ordersRoutes, type OrderInput } from './routes.ts'

const entity = defineEntity({
  name: 'Order',
  tableName: 'orders',
  properties: {
    id: p.uuid().primary(),
    number: p.text().unique('orders_number_unique'),
    user_id: p.uuid(),
    items: p.json(),
    status: p.text(),
    version: p.integer(),
    created_at: p.datetime(3),
    cancelled_at: p.datetime(3).nullable(),
    updated_at: p.datetime(3),
  },
})

type Order = StateOf<typeof orderState>

export const orders = aggregate<Order, { routes: typeof ordersRoutes }>({
  name: 'orders',
  entity,
  routes: ordersRoutes,
  events: orderEvents,
  snapshot: 'orders.order.snapshot.v1',
  unique: { number: { column: 'number', key: (order) => order.number } },
  decide: {
    place: (_none, input: OrderInput, { id, now }) =>
      event('orders.order.placed.v1', {
        ...input,
        id,
        user_id: input.user_id.toLowerCase(),
        status: 'placed',
        created_at: now,
        cancelled_at: null,
      }),
    cancel: (order, _input, { now }) =>
      order ? event('orders.order.cancelled.v1', cancelled(order, now)) : reject('not-found'),
    purge: (order) => (order ? deletion('orders.order.purged.v1', { id: order.id }) : reject('not-found')),
  },
})

/** One that is cancelled already stays as it is, and is answered 200 with the same version. */
const cancelled = (order: Order, now: string): Order => ({
  ...order,
  status: 'cancelled',
  cancelled_at: order.cancelled_at ?? now,
})

import { Type, type Static } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { orderState } from '../../shared/events/orders.ts'
import { resourceOf, withProblems } from '../../shared/http/schemas.ts'
import { writesOf, type RouteDeps } from '../commit/http.ts'

const { id, number, user_id, items } = orderState.properties
const orderInput = Type.Object(
  { number: { ...number, 'x-unique': true }, user_id, items },
  { additionalProperties: false, description: 'The fields a client sets' },
)
export type OrderInput = Static<typeof orderInput>

const order = resourceOf('Order', orderState)
const params = Type.Object({ id })

/** `POST /orders`, `PUT /orders/:id/cancellation`, `DELETE /orders/:id`. */
export const ordersRoutes = (deps: RouteDeps) => {
  const write = writesOf<Static<typeof order>>(deps, 'orders')
  return new Elysia({ name: 'orders', prefix: '/orders', tags: ['orders'] })
    .post('', ({ body, request, set }) => write({ body, request, set }, 'place', 201), {
      body: orderInput,
      response: withProblems({ 201: order }, 400, 409, 413, 415, 422, 503),
      detail: { operationId: 'placeOrder', summary: 'Place an order' },
    })
    .put('/:id/cancellation', ({ params, request, set }) => write({ params, request, set }, 'cancel', 200), {
      params,
      response: withProblems({ 200: order }, 400, 404, 409, 422, 503),
      detail: { operationId: 'cancelOrder', summary: 'Cancel an order' },
    })
    .delete('/:id', ({ params, request, set }) => write({ params, request, set }, 'purge', 204), {
      params,
      response: withProblems({ 204: Type.Void() }, 400, 404, 409, 422, 503),
      detail: { operationId: 'purgeOrder', summary: 'Remove an order for good' },
    })
}

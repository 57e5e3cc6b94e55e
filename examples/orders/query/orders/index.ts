import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { orderEvents, orderState } from '../../shared/events/orders.ts'
import { readDetail } from '../../shared/http/read-document.ts'
import { resourceOf, withProblems } from '../../shared/http/schemas.ts'
import { answersOf, pageOf } from '../answers.ts'
import { listing } from '../listing.ts'
import { readModel } from '../projector/read-model.ts'

const { id, status, user_id, ...others } = orderState.properties
const order = resourceOf('Order', orderState)

const orderListing = listing({
  of: 'orders',
  sorts: { number: 'number' },
  filters: {
    status: { schema: status, where: (status) => ({ status }) },
    user_id: { schema: user_id, where: (user) => ({ user_id: user.toLowerCase() }) },
  },
})

/** The current state of every order. */
export const orders = readModel({
  name: 'orders',
  generation: 1,
  handles: orderEvents,
  document: Type.Object({ status, user_id, ...others }),
  indexes: [
    { name: 'status', keys: { status: 1, _id: 1 } },
    { name: 'user_id', keys: { user_id: 1, _id: 1 } },
    { name: 'number', keys: { number: 1, _id: 1 } },
  ],
  project(event) {
    if (event.type === 'orders.order.purged.v1') return null
    const { id: _, ...document } = event.data
    return document
  },
  routes(reads, options) {
    const answers = answersOf(reads, options, { body: order, listing: orderListing })
    return new Elysia({ name: 'orders', prefix: '/orders', tags: ['orders'] })
      .get('/:id', ({ params, request, set }) => answers.one(params.id, { request, set }), {
        params: Type.Object({ id }),
        query: Type.Object({}, { additionalProperties: false }),
        response: withProblems({ 200: order }, 404, 422, 503),
        detail: readDetail('document', {
          operationId: 'getOrder',
          summary: 'One order',
          'x-example-from': '/orders?sort=-created_at&limit=1',
        }),
      })
      .get('/', ({ query, request, set }) => answers.page(query, { request, set }), {
        query: orderListing.query,
        response: withProblems({ 200: pageOf(order, 'Page of orders') }, 400, 422, 503),
        detail: readDetail('list', { operationId: 'listOrders', summary: 'Orders, page by page' }),
      })
  },
})

import { Elysia, t } from 'elysia'
import { userState } from '../../shared/events/users.ts'
import { readDetail } from '../../shared/http/read-document.ts'
import { withProblems } from '../../shared/http/schemas.ts'
import { answersOf, pageOf } from '../answers.ts'
import type { RouteOptions } from '../projector/read-model.ts'
import type { ServedReads } from '../served-reads.ts'
import type { UserDocument } from './document.ts'
import { userListing } from './list.ts'

const user = t.Object(
  {
    id: t.String({ format: 'uuid', example: '01890a5d-ac96-774b-bcce-b302099a8057' }),
    first_name: t.String({ example: 'Zoë' }),
    last_name: t.String({ example: "O'Neil" }),
    email: t.String({ example: 'zoe@example.com' }),
    version: t.Integer({ minimum: 1, description: 'Rises by one with every change', example: 1 }),
    created_at: t.String({ format: 'date-time', example: '2026-01-02T03:04:05.678Z' }),
    updated_at: t.String({ format: 'date-time', example: '2026-01-02T03:04:05.678Z' }),
  },
  { title: 'User' },
)

const page = pageOf(user, 'Page of users')

export function userRoutes(reads: ServedReads<UserDocument>, options: RouteOptions) {
  const alone = options.extended('/users/:id')
  const answers = answersOf(reads, options, { body: user, listing: userListing })
  return new Elysia({ name: 'users', prefix: '/users', tags: ['users'] })
    .get(
      '/:id',
      // Named one by one: a handler that is given everything has everything made for it, for each request.
      ({ params, query, request, set }) =>
        alone.answer(query, { params, request, set }) ?? answers.one(params.id, { request, set }),
      {
        params: t.Object({ id: userState.properties.id }),
        query: alone.query,
        response: withProblems({ 200: user }, 404, ...alone.statuses, 422, 503),
        detail: readDetail('document', {
          operationId: 'getUser',
          summary: 'One user',
          description:
            'As the read side knows it, usually some milliseconds behind the write. `ETag` is the version.',
          'x-example-from': '/users?sort=-created_at&limit=1',
        }),
      },
    )
    .get('/', ({ query, request, set }) => answers.page(query, { request, set }), {
      query: userListing.query,
      response: withProblems({ 200: page }, 400, 422, 503),
      detail: readDetail('list', {
        operationId: 'listUsers',
        summary: 'Users, page by page',
        description:
          'Follow `next_cursor`, or `Link` with rel="next", until there is none. With `Accept: application/x-ndjson` the whole list comes as one answer, a user a line, from the cursor on and up to `limit` where they are given; one that ends without the end of its chunks was cut, and is not the whole.',
      }),
    })
}

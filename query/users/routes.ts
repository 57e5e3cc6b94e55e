import { Elysia, t } from 'elysia'
import { userState } from '../../shared/events/users.ts'
import { HttpProblem } from '../../shared/http/problem.ts'
import { withProblems } from '../../shared/http/schemas.ts'
import { nextPageUrl } from '../paging.ts'
import type { RouteOptions } from '../projector/read-model.ts'
import { fields, type Reads, type Stored } from '../reads.ts'
import { listQuery, pageRequest, toPage } from './list.ts'
import type { UserDocument } from './document.ts'

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

const page = t.Object(
  {
    items: t.Array(user),
    next_cursor: t.Union([t.String(), t.Null()], { description: 'null on the last page' }),
  },
  { title: 'Page of users' },
)

const shown = Object.keys(userState.properties).filter((name) => name !== 'id')
const shownAlone = fields(...shown)
const shownInList = fields(...shown, 'last_name_key')

export function userRoutes(reads: Reads<UserDocument>, options: RouteOptions) {
  return new Elysia({ name: 'users', prefix: '/users', tags: ['users'] })
    .get(
      '/:id',
      async ({ params, set }) => {
        const found = await reads.byId(params.id.toLowerCase(), shownAlone)
        if (!found) throw new HttpProblem('not-found', { detail: 'no user has this id' })
        set.headers['etag'] = `"${found.version}"`
        return toUser(found)
      },
      {
        params: t.Object({ id: userState.properties.id }),
        query: t.Object({}, { additionalProperties: false }),
        response: withProblems({ 200: user }, 404, 422, 503),
        detail: {
          operationId: 'getUser',
          summary: 'One user',
          description:
            'As the read side knows it, usually some milliseconds behind the write. `ETag` is the version.',
          'x-example-from': '/users?sort=-created_at&limit=1',
        },
      },
    )
    .get(
      '/',
      async ({ query, request, set }) => {
        const { items, nextCursor } = toPage(query, await reads.page(pageRequest(query, shownInList)))
        if (nextCursor !== null)
          set.headers['link'] = `<${nextPageUrl(request.url, options.publicUrl, nextCursor)}>; rel="next"`
        return { items: items.map(toUser), next_cursor: nextCursor }
      },
      {
        query: listQuery,
        response: withProblems({ 200: page }, 400, 422, 503),
        detail: {
          operationId: 'listUsers',
          summary: 'Users, page by page',
          description: 'Follow `next_cursor`, or `Link` with rel="next", until there is none.',
        },
      },
    )
}

function toUser({
  _id,
  version,
  first_name,
  last_name,
  email,
  created_at,
  updated_at,
}: Stored<UserDocument>) {
  return { id: _id, first_name, last_name, email, version, created_at, updated_at }
}

import { Type, type Static } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { userState } from '../../shared/events/users.ts'
import { withProblems } from '../../shared/http/schemas.ts'
import { write, type RouteDeps } from '../commit/http.ts'

const { id, first_name, last_name, email } = userState.properties
const userInput = Type.Object(
  { first_name, last_name, email: { ...email, 'x-unique': true } },
  { additionalProperties: false, description: 'The fields a client sets' },
)
export type UserInput = Static<typeof userInput>
const replacement = {
  ...userInput,
  example: { first_name: 'Ada', last_name: 'King', email: 'ada.king@example.com' },
}

const user = Type.Object(
  {
    ...userState.properties,
    version: Type.Integer({ minimum: 1, example: 1, description: 'Rises by one with every change' }),
  },
  { title: 'User' },
)
type UserBody = Static<typeof user>
const params = Type.Object({ id })
const tags = ['users']

/** `POST /users`, `PUT /users/:id`, `DELETE /users/:id`. */
export const usersRoutes = (deps: RouteDeps) =>
  new Elysia({ name: 'users' })
    .post(
      '/users',
      ({ body, set, request }) => {
        const wish = { aggregate: 'users', name: 'create', id: deps.newId(), isNew: true, input: body }
        const location = (id: string) => `${deps.queryPublicUrl}/users/${id}`
        return write<UserBody>(deps, { set, request }, wish, { status: 201, location })
      },
      {
        body: userInput,
        response: withProblems({ 201: user }, 400, 409, 413, 415, 422, 503),
        detail: {
          tags,
          operationId: 'createUser',
          summary: 'Create a user',
          description:
            'When the answer is 201, the user and its event are stored durably; the read side follows.',
        },
      },
    )
    .put(
      '/users/:id',
      ({ body, params, set, request }) => {
        const wish = { aggregate: 'users', name: 'replace', id: params.id.toLowerCase(), input: body }
        return write<UserBody>(deps, { set, request }, wish, { status: 200 })
      },
      {
        params,
        body: replacement,
        response: withProblems({ 200: user }, 400, 404, 409, 413, 415, 422, 503),
        detail: {
          tags,
          operationId: 'replaceUser',
          summary: "Replace a user's fields",
          description: 'A replacement that changes nothing is 200 with the same version, and no event.',
        },
      },
    )
    .delete(
      '/users/:id',
      ({ params, set, request }) => {
        const wish = { aggregate: 'users', name: 'remove', id: params.id.toLowerCase(), input: undefined }
        return write<void>(deps, { set, request }, wish, { status: 204 })
      },
      {
        params,
        response: withProblems({ 204: Type.Void() }, 400, 404, 409, 422, 503),
        detail: { tags, operationId: 'deleteUser', summary: 'Delete a user' },
      },
    )

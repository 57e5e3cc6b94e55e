import { Type, type Static } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { userState } from '../../shared/events/users.ts'
import { mediaTypesKey, mergePatchType } from '../../shared/http/routing.ts'
import { resourceOf, withProblems } from '../../shared/http/schemas.ts'
import { writesOf, type RouteDeps } from '../commit/http.ts'

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

const userPatch = {
  ...Type.Partial(userInput, { additionalProperties: false }),
  description: 'The fields to change; the others stay',
  example: { last_name: 'Byron' },
}
export type UserPatch = Static<typeof userPatch>

const user = resourceOf('User', userState)
const params = Type.Object({ id })

/** `POST /users`, `PUT /users/:id`, `PATCH /users/:id`, `DELETE /users/:id`. */
export const usersRoutes = (deps: RouteDeps) => {
  const write = writesOf<Static<typeof user>>(deps, 'users')
  return new Elysia({ name: 'users', prefix: '/users', tags: ['users'] })
    .post('', ({ body, request, set }) => write({ body, request, set }, 'create', 201), {
      body: userInput,
      response: withProblems({ 201: user }, 400, 409, 413, 415, 422, 503),
      detail: {
        operationId: 'createUser',
        summary: 'Create a user',
        description:
          'When the answer is 201, the user and its event are stored durably; the read side follows.',
      },
    })
    .put('/:id', ({ body, params, request, set }) => write({ body, params, request, set }, 'replace', 200), {
      params,
      body: replacement,
      response: withProblems({ 200: user }, 400, 404, 409, 412, 413, 415, 422, 503),
      detail: {
        operationId: 'replaceUser',
        summary: "Replace a user's fields",
        description: 'A replacement that changes nothing is 200 with the same version, and no event.',
      },
    })
    .patch('/:id', ({ body, params, request, set }) => write({ body, params, request, set }, 'change', 200), {
      params,
      body: userPatch,
      response: withProblems({ 200: user }, 400, 404, 409, 412, 413, 415, 422, 503),
      detail: {
        operationId: 'changeUser',
        summary: "Change some of a user's fields",
        description:
          'JSON Merge Patch (RFC 7396). No field can be removed, so null is 422. A patch that changes nothing is 200 with the same version, and no event.',
        [mediaTypesKey]: [mergePatchType],
      },
    })
    .delete('/:id', ({ params, request, set }) => write({ params, request, set }, 'remove', 204), {
      params,
      response: withProblems({ 204: Type.Void() }, 400, 404, 409, 412, 422, 503),
      detail: { operationId: 'deleteUser', summary: 'Delete a user' },
    })
}

import { Type, type Static } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { userState } from '../../shared/events/users.ts'
import { readDetail } from '../../shared/http/read-document.ts'
import { HttpProblem } from '../../shared/http/problem.ts'
import { withProblems } from '../../shared/http/schemas.ts'
import { answersOf, pageOf } from '../answers.ts'
import { versionKey, type RouteOptions } from '../projector/read-model.ts'
import type { Stored } from '../reads.ts'
import type { ServedReads } from '../served-reads.ts'
import { valueNames, versionDocument, type VersionDocument } from './document.ts'
import { historyListing } from './listing.ts'
import { erasedBefore } from './erasing.ts'

const { type, at, by, changed, erased_at, deletion: _, ...values } = versionDocument.properties

const versionBody = Type.Object(
  {
    version: Type.Integer({ minimum: 1, example: 2, description: 'Of the user, after this change' }),
    type: {
      ...type,
      example: 'updated',
      description:
        '`snapshot`: the user as it was at that version; what led to it is not known, since the log did not reach back so far',
    },
    at: {
      ...at,
      format: 'date-time',
      example: '2026-01-02T03:04:05.678Z',
      description: 'When it was changed',
    },
    by: { ...by, example: null, description: 'Who changed it; null where that is not known' },
    changed: {
      ...changed,
      example: ['last_name'],
      description: 'Names of the fields that were changed; null where that is not known',
    },
    erased_at: {
      ...erased_at,
      description: 'When the values of this version were erased, some time after the user was deleted',
    },
    ...values,
  },
  { title: 'Version of a user' },
)
const page = pageOf(versionBody, 'Page of versions')

/** `GET /users/:id/history`. */
export function historyRoutes(reads: ServedReads<VersionDocument>, options: RouteOptions) {
  const kept: ServedReads<VersionDocument> = {
    ...reads,
    async page(request) {
      const found = await reads.page(request)
      // Behind a cursor the newest version is not among them.
      const [newest] = request.after ? await reads.page({ ...request, after: undefined, limit: 1 }) : found
      if (!newest) throw new HttpProblem('not-found', { detail: 'there has never been a user with this id' })
      const isErased = newest.deletion && newest.at <= erasedBefore(options.settings, new Date())
      return isErased ? found.map(withoutValues) : found
    },
  }
  const answers = answersOf(kept, options, {
    body: versionBody,
    listing: historyListing,
    show,
    // A version is erased, and a snapshot gives way to its event.
    revisionOf: ({ version, type, erased_at }) => `${version} ${type} ${erased_at === undefined}`,
    documentIdOf: ({ id, version }) => versionKey(id, version),
  })
  return new Elysia({ name: 'users_history', prefix: '/users', tags: ['users'] }).get(
    '/:id/history',
    ({ params, query, request, set }) => {
      const id = params.id.toLowerCase()
      return answers.page({ ...query, id }, { request, set }, { onlyOf: id })
    },
    {
      params: Type.Object({ id: userState.properties.id }),
      query: Type.Omit(historyListing.query, ['id'], { additionalProperties: false }),
      response: withProblems({ 200: page }, 400, 404, 422, 503),
      detail: readDetail('list', {
        operationId: 'listVersionsOfUser',
        summary: 'What a user was, version by version',
        description:
          'Who changed which fields and when, the newest first, and what the user was after each change. It outlives the user: some time after a delete the values are erased, and the rest stays.',
        'x-example-from': '/users?sort=-created_at&limit=1',
      }),
    },
  )
}

/** What is due to be erased is not shown any more, swept or not. */
function withoutValues(stored: Stored<VersionDocument>): Stored<VersionDocument> {
  const { _id, version, type, at, by, changed, deletion, erased_at = new Date().toISOString() } = stored
  return { _id, version, type, at, by, changed, erased_at, ...(deletion && { deletion }) }
}

function show(stored: Stored<VersionDocument>): Static<typeof versionBody> {
  const { version, type, at, by, changed, erased_at } = stored
  const known = valueNames.filter((name) => stored[name] !== undefined).map((name) => [name, stored[name]])
  return {
    version,
    type,
    at,
    by,
    changed,
    ...(erased_at !== undefined && type !== 'deleted' && { erased_at }),
    ...Object.fromEntries(known),
  }
}

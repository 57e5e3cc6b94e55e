import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { producesKey } from '../../shared/http/media-types.ts'
import { HttpProblem } from '../../shared/http/problem.ts'
import { withProblems } from '../../shared/http/schemas.ts'
import { asyncApi, type AsyncApiInput } from './asyncapi.ts'
import { contractSchemas } from './schemas.ts'

const tags = ['contracts']
const document = Type.Object({}, { additionalProperties: true })

/** `GET /asyncapi.json`, `GET /schemas`, `GET /schemas/:name`: what is promised about events, for whoever consumes them. */
export function contractRoutes(input: AsyncApiInput) {
  const schemas = contractSchemas(input.sources.map(({ events }) => events))
  const asyncapi = asyncApi(input)
  const index = { schemas: [...schemas.keys()].map((name) => `/schemas/${name}`) }
  const noQuery = Type.Object({}, { additionalProperties: false })
  return new Elysia({ name: 'contracts' })
    .get('/asyncapi.json', () => asyncapi as object, {
      query: noQuery,
      response: withProblems({ 200: document }, 422),
      detail: {
        tags,
        operationId: 'asyncapi',
        summary: 'All events and how to consume them, as AsyncAPI 3',
      },
    })
    .get('/schemas', () => index, {
      query: noQuery,
      response: withProblems({ 200: Type.Object({ schemas: Type.Array(Type.String()) }) }, 422),
      detail: { tags, operationId: 'listSchemas', summary: 'Paths of all JSON Schemas' },
    })
    .get(
      '/schemas/:name',
      ({ params: { name }, set }) => {
        const schema = schemas.get(name)
        if (!schema)
          throw new HttpProblem('not-found', { detail: 'there is no such event type: see /schemas' })
        set.headers['content-type'] = 'application/schema+json'
        return Response.json(schema, { headers: { 'content-type': 'application/schema+json' } }) as never
      },
      {
        params: Type.Object({
          name: Type.String({
            minLength: 1,
            maxLength: 200,
            example: [...schemas.keys()].at(-1),
            description: 'An event type, or `envelope`',
          }),
        }),
        query: noQuery,
        response: withProblems({ 200: document }, 404, 422),
        detail: {
          tags,
          operationId: 'getSchema',
          [producesKey]: ['application/schema+json', 'application/json'],
          summary: 'JSON Schema of an event’s data, or of the envelope',
          description:
            'What an envelope names as its `dataschema`. Past versions stay here, as they stay in the log.',
        },
      },
    )
}

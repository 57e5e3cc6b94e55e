import { expect, test } from 'bun:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { createCommandApp } from '../../command/app.ts'
import { aggregates, genericAggregates } from '../../command/aggregates.ts'
import { contractsOf } from '../../command/contracts/of.ts'
import { createQueryApp } from '../../query/app.ts'
import { createConsistencyTokens } from '../../shared/process/consistency-tokens.ts'
import { createHealth } from '../../shared/process/health.ts'
import { silentLogger } from '../../shared/process/log.ts'

const shell = {
  log: silentLogger,
  health: createHealth({ ready: [], pipeline: [] }),
  metricsText: async () => '',
}
const apps = {
  command: createCommandApp({
    ...shell,
    commands: { execute: () => Promise.reject(new Error('never called')) },
    routes: aggregates.map(({ routes }) => routes),
    contracts: contractsOf(genericAggregates, 8),
    tokens: createConsistencyTokens('a secret'),
    newId: () => '',
    queryPublicUrl: 'http://localhost:3001',
  }),
  query: createQueryApp({
    ...shell,
    collectionOf: () => undefined as never,
    timeoutMs: 1_000,
    publicUrl: 'http://localhost:3001',
  }),
}

for (const [name, app] of Object.entries(apps))
  test(`the ${name} service’s OpenAPI document is valid, and every operation in it is described`, async () => {
    const response = await app.handle(new Request('http://localhost/swagger/json'))
    const document = (await response.json()) as { paths: Record<string, Record<string, Operation>> }
    const { valid, errors } = await new Validator().validate(structuredClone(document))
    expect(errors).toBeUndefined()
    expect(valid).toBe(true)
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path))
    expect(Object.keys(document.paths).filter((path) => /.\/$/.test(path))).toEqual([])
    expect(operations.length).toBeGreaterThanOrEqual(5)
    // A form that came empty could not be sent as it is.
    for (const { operationId, parameters = [], requestBody } of operations) {
      const required = parameters.filter(({ required }) => required).map(({ schema }) => schema)
      const body = Object.values(requestBody?.content ?? {})[0]?.schema
      const fields =
        body === undefined || body.example !== undefined ? [] : Object.values(body.properties ?? {})
      const empty = [...required, ...fields].filter(({ example }) => example === undefined)
      expect([operationId, empty]).toEqual([operationId, []])
    }
    // Each problem is shown by an answer of its own status, whose type opens.
    for (const { operationId, responses } of operations)
      for (const [status, { content }] of Object.entries(responses)) {
        const problem = content?.['application/problem+json']
        if (!problem) continue
        const shown = problem.examples
          ? Object.values(problem.examples).map(({ value }) => value)
          : [problem.example]
        const statuses = shown.map((example) => String(example?.status))
        expect([operationId, status, new Set(statuses)]).toEqual([operationId, status, new Set([status])])
        for (const { type } of shown as { type: string }[])
          expect([type, (await app.handle(new Request(`http://localhost${type}`))).status]).toEqual([
            type,
            200,
          ])
      }
    const ids = operations.map(({ operationId }) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    for (const { operationId, summary, responses } of operations)
      expect([operationId, Boolean(summary), Object.keys(responses).length > 0]).toEqual([
        operationId,
        true,
        true,
      ])
  })

interface Operation {
  operationId: string
  summary: string
  parameters?: { required: boolean; schema: Schema }[]
  requestBody?: { content: Record<string, { schema: Schema }> }
  responses: Record<string, { content?: Record<string, Media> }>
}

interface Media {
  example?: Problem
  examples?: Record<string, { value: Problem }>
}
interface Problem {
  type: string
  status: number
}

interface Schema {
  example?: unknown
  properties?: Record<string, Schema>
}

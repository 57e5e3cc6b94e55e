import { describe, expect, test } from 'bun:test'
import { readdir, readFile } from 'node:fs/promises'
import { Parser } from '@asyncapi/parser'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { genericAggregates } from '../../../command/aggregates.ts'
import { asyncApi } from '../../../command/contracts/asyncapi.ts'
import { contractsOf } from '../../../command/contracts/of.ts'
import { contractSchemas } from '../../../command/contracts/schemas.ts'
import { contractDocuments, schemasFolder } from '../../../ops/contract-docs.ts'
import { eventRoutingKey } from '../../../shared/messaging/names.ts'
import { samples } from '../samples/samples.ts'

const input = contractsOf(genericAggregates, 8)
const schemas = contractSchemas(input.sources.map(({ events }) => events))
const recorded = await samples()

/** Knows nothing of ours: an unknown format or keyword is an error. */
const ajv = new Ajv({ strict: true, allErrors: true, schemas: Object.fromEntries(schemas) })
;(addFormats as unknown as (ajv: Ajv) => void)(ajv)

describe('JSON Schemas', () => {
  for (const { type, name, text } of recorded)
    test(`${type}, ${name}, as recorded, is valid by the published schemas`, () => {
      const event = JSON.parse(text)
      for (const [schema, value] of [
        ['envelope', event],
        [type, event.data],
      ] as const) {
        const validate = ajv.getSchema(schema)!
        expect([validate(value), validate.errors]).toEqual([true, null])
      }
    })
  test('are as strict as our own', () => {
    const { data } = JSON.parse(recorded.find(({ type }) => type === 'users.user.updated.v2')!.text)
    const isValid = (change: object) => ajv.validate('users.user.updated.v2', { ...data, ...change })
    expect(isValid({})).toBe(true)
    expect(isValid({ something: 'new' })).toBe(true)
    for (const wrong of [
      { email: 'nobody' },
      { email: undefined },
      { first_name: '' },
      { first_name: 'a\u0000b' },
      { last_name: 'x'.repeat(101) },
      { id: 'x' },
      { changed: 'email' },
      { changed: undefined },
    ])
      expect([wrong, isValid(wrong)]).toEqual([wrong, false])
  })
  test('each says what it is called, where it is served', () => {
    for (const [name, { $id, $schema }] of schemas)
      expect([$id, $schema]).toEqual([`/schemas/${name}`, 'http://json-schema.org/draft-07/schema#'])
  })
})

describe('AsyncAPI', () => {
  const document = asyncApi(input) as any

  test('is valid AsyncAPI 3, without a warning', async () => {
    const { diagnostics, document: parsed } = await new Parser().parse(JSON.stringify(document))
    // Less than a warning is the advice to use 3.1, which fewer tools know.
    const serious = diagnostics.filter(({ severity }) => severity <= 1)
    expect(serious.map(({ message, path }) => `${path.join('.')}: ${message}`)).toEqual([])
    expect(parsed!.version()).toBe('3.0.0')
    const [channel] = parsed!.channels().all()
    expect(channel!.messages().all()).toHaveLength(6)
  }, 60_000)
  test('names every routing key that the relay uses, and no other', () => {
    for (const { events } of input.sources) {
      const { address, parameters, messages } = document.channels[events.aggregate]
      const keys = new Set<string>()
      for (const partition of parameters.partition.enum)
        for (const event of parameters.event.enum)
          keys.add(address.replace('{partition}', partition).replace('{event}', event))
      const wanted = new Set<string>()
      for (let partition = 0; partition < 8; partition++)
        for (const type of Object.keys(messages)) wanted.add(eventRoutingKey(type, partition, 8))
      expect([...keys].sort()).toEqual([...wanted].sort())
    }
  })
  test('every current type has an example that was recorded', () => {
    for (const { events, snapshot } of input.sources)
      for (const type of Object.keys(events.schemas).filter((name) => name !== snapshot)) {
        const texts = recorded.map(({ text }) => JSON.stringify(JSON.parse(text)))
        const { examples = [] } = document.components.messages[type]
        // The first ones are recorded before any type of an aggregate gets its second version.
        if (!recorded.some(({ type }) => type.startsWith(`${events.aggregate}.`))) continue
        expect(examples.length).toBeGreaterThan(0)
        for (const { payload } of examples) expect(texts).toContain(JSON.stringify(payload))
      }
  })
})

test('docs/asyncapi.json and docs/schemas are what `bun ops/main.ts docs` writes', async () => {
  const documents = contractDocuments()
  for (const [path, text] of documents) expect([path, await readFile(path, 'utf8')]).toEqual([path, text])
  const files = await readdir(schemasFolder)
  expect(files.sort()).toEqual([...schemas.keys()].map((name) => `${name}.json`).sort())
})

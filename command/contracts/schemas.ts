import type { EventCatalogue } from '../../shared/events/catalogue.ts'
import { envelopeSchema, jsonSchema } from '../../shared/events/json-schema.ts'

export type JsonSchema = Readonly<Record<string, unknown>>

/** Of the envelope, beside those of the event types. */
export const envelopeName = 'envelope'

/** By name: the data of every event type, past versions too, and the envelope. As an envelope's `dataschema` names them. */
export function contractSchemas(catalogues: readonly EventCatalogue[]): ReadonlyMap<string, JsonSchema> {
  const [type = ''] = catalogues.flatMap(({ schemas }) => Object.keys(schemas))
  const schemas = new Map<string, JsonSchema>([
    [envelopeName, document(envelopeName, jsonSchema(envelopeSchema(type)))],
  ])
  for (const { everyVersion, schemas: current } of catalogues)
    for (const [type, schema] of Object.entries(everyVersion)) {
      const description =
        type in current ? undefined : 'A past version: it is written no more, and stays in the log.'
      schemas.set(
        type,
        document(type, { title: type, ...(description && { description }), ...jsonSchema(schema) }),
      )
    }
  return schemas
}

const document = (name: string, schema: JsonSchema): JsonSchema => ({
  $schema: 'http://json-schema.org/draft-07/schema#',
  $id: `/schemas/${name}`,
  ...schema,
})

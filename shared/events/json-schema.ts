import type { TSchema } from '@sinclair/typebox'
import { Type } from '@sinclair/typebox'

/** A schema of ours as JSON Schema (draft 7) that any validator takes: without what only our own reads. Pure. */
export function jsonSchema(schema: TSchema): Record<string, unknown> {
  return plain(schema) as Record<string, unknown>
}

function plain(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(plain)
  if (typeof node !== 'object' || node === null) return node
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(node)) {
    if (key === 'x-error' || key === '$id') continue
    if (key === 'example') result['examples'] = [value]
    else result[key] = plain(value)
  }
  return result
}

const text = (description: string, example: string, more: object = {}) =>
  Type.String({ description, examples: [example], ...more })
const id = '01890a5d-ac96-774b-bcce-b302099a8057'

/**
 * What every event is wrapped in: CloudEvents 1.0 in structured JSON, with our extension attributes.
 * @param type for the examples
 */
export const envelopeSchema = (type: string) =>
  Type.Object(
    {
      specversion: Type.Literal('1.0'),
      id: text('Of the event. The same whenever it comes again, so the one thing to tell repeats by.', id),
      source: text('Who wrote it', `/command/${type.split('.', 1)[0]}`, { pattern: '^/command/' }),
      type: text('What happened, and the version of its data’s schema', type, {
        pattern: '^[a-z][a-z0-9_]*(\\.[a-z][a-z0-9_]*)+\\.v[1-9][0-9]*$',
      }),
      subject: text('Id of the aggregate', id, { minLength: 1 }),
      time: text('When it was stored: RFC 3339, UTC', '2026-01-02T03:04:05.678Z', { format: 'date-time' }),
      datacontenttype: Type.Literal('application/json'),
      dataschema: text('Schema of `data`: a path of the command service', `/schemas/${type}`),
      partitionkey: text('The aggregate’s id again: what the partition is made of', id),
      sequence: text('Version of the aggregate after this event, from 1 and without gaps', '1', {
        pattern: '^[1-9][0-9]{0,9}$',
      }),
      logseq: text('Place of the event in the log', '42', { pattern: '^[0-9]{1,19}$' }),
      traceparent: Type.Optional(
        text('W3C trace context', '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'),
      ),
      tracestate: Type.Optional(text('W3C trace context', 'vendor=1')),
      correlationid: Type.Optional(text('`X-Correlation-Id` of the request', 'order-7')),
      causationid: Type.Optional(text('`X-Causation-Id` of the request', 'message-9')),
      actor: Type.Optional(text('Who sent the request, where that is known', 'user:7')),
      requestid: Type.Optional(text('`X-Request-Id` of the request', 'request-1')),
      data: { description: 'As `dataschema` has it' } as TSchema,
    },
    {
      title: 'Envelope',
      description:
        'CloudEvents 1.0, structured JSON. More attributes may come: ignore those you do not know.',
    },
  )

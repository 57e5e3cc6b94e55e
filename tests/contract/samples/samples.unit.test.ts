import { expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import { genericAggregates } from '../../../command/aggregates.ts'
import { readModels } from '../../../query/read-models.ts'
import { prepare } from '../../../query/projector/prepare.ts'
import { samples } from './samples.ts'

const recorded = await samples()
const utf8 = new TextEncoder()

for (const { type, name, text } of recorded)
  for (const model of readModels.filter(({ handles }) => type.startsWith(`${handles.aggregate}.`)))
    test(`${type}, ${name}: decoded, upcast and projected into ${model.name}`, () => {
      const envelope = JSON.parse(text)
      expect(envelope.type).toBe(type)
      const prepared = prepare(model, { deliveryTag: 1, body: utf8.encode(text), properties: { type } })
      if (prepared.kind !== 'event') throw new Error(`it is a ${prepared.kind}`)
      const { event, change } = prepared
      expect(Object.keys(model.handles.schemas)).toContain(event.type)
      expect(event).toMatchObject({
        id: envelope.id,
        aggregateId: envelope.subject,
        version: Number(envelope.sequence),
        time: envelope.time,
        data: envelope.data,
      })
      expect(change.id).toStartWith(envelope.subject)
      expect((event.data as { changed?: unknown }).changed ?? null).toEqual(envelope.data.changed ?? null)
      if (change.document === null) return expect(type).toContain('.deleted.')
      expect([...Value.Errors(model.document, change.document)]).toEqual([])
      // Whatever the event and the document both have is the same.
      const { id: _, ...data } = envelope.data
      const shown = Object.entries(data).filter(([field]) => field in change.document!)
      expect(change.document).toMatchObject(Object.fromEntries(shown))
    })

test('every version of every type has samples, and there is none of a type that nobody knows', () => {
  // The first ones are recorded before any type of an aggregate gets its second version.
  const begun = genericAggregates.filter(
    ({ name, events: { schemas, everyVersion } }) =>
      Object.keys(everyVersion).length > Object.keys(schemas).length ||
      recorded.some(({ type }) => type.startsWith(`${name}.`)),
  )
  const known = begun.flatMap(({ events }) => Object.keys(events.everyVersion))
  expect(known.toSorted()).toEqual([...new Set(recorded.map(({ type }) => type))].toSorted())
})

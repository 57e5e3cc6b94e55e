import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { eventCatalogue } from '../../../shared/events/catalogue.ts'
import { encodeEnvelope } from '../../../shared/events/envelope.ts'
import { partitionOf } from '../../../shared/messaging/partition.ts'
import { readModel } from '../read-model.ts'

/** An aggregate for the machinery's own tests, which must not know a real one. */
export const things = readModel({
  name: 'things',
  generation: 1,
  handles: eventCatalogue({
    'things.thing.stored.v1': Type.Object({ label: Type.String() }),
    'things.thing.removed.v1': Type.Object({}),
  }),
  document: Type.Object({ label: Type.String() }),
  indexes: [{ name: 'label', keys: { label: 1 } }],
  project: (event) => (event.type === 'things.thing.removed.v1' ? null : event.data),
  routes: () => new Elysia(),
})

export interface ThingEvent {
  readonly id: string
  readonly version: number
  /** Position in the log; by default the version, which is enough where nobody looks. */
  readonly seq?: number
  /** Absent: removed. */
  readonly label?: string | number
}

/** One of our events as the relay puts it on the wire. A `label` that is no text makes it undecodable. */
export function encodeThing({ id, version, label, seq = version }: ThingEvent) {
  const type = label === undefined ? 'things.thing.removed.v1' : 'things.thing.stored.v1'
  const body = encodeEnvelope({
    seq,
    id: `${id}/${version}`,
    aggregatetype: 'things',
    aggregateid: id,
    type,
    version,
    payload: JSON.stringify({ label }),
    headers: '{"requestid":"request-1"}',
    occurred_at: new Date().toISOString(),
  })
  return { type, body, messageId: `${id}/${version}` }
}

/** A new id whose events are on this one of two partitions. */
export function idOn(partition: number): string {
  for (;;) {
    const id = Bun.randomUUIDv7()
    if (partitionOf(id, 2) === partition) return id
  }
}

import { expect, test } from 'bun:test'
import { parseEnvelope } from '../../shared/events/catalogue.ts'
import { eventMessage } from './window.ts'

test('a row becomes the message of its event, on the partition of its aggregate', () => {
  const row = {
    seq: 42,
    id: '01890a5d-ac96-774b-bcce-b302099a8057',
    aggregatetype: 'users',
    aggregateid: '01890a5d-ac96-774b-bcce-b302099a8058',
    type: 'users.user.created.v2',
    version: 3,
    payload: '{"name": "Zoë"}',
    headers: '{"requestid": "r1"}',
    occurred_at: '2026-01-02T03:04:05.678Z',
  }
  const message = eventMessage(row, 8)
  expect(message).toMatchObject({ id: row.id, seq: 42, type: row.type, aggregateId: row.aggregateid })
  expect(message.contentType).toBe('application/cloudevents+json')
  expect(message.routingKey).toBe(`users.p0${message.partition}of08.user.created`)
  expect(parseEnvelope(new TextEncoder().encode(message.body))).toMatchObject({
    id: row.id,
    subject: row.aggregateid,
    sequence: '3',
    logseq: '42',
    requestid: 'r1',
    data: { name: 'Zoë' },
  })
})

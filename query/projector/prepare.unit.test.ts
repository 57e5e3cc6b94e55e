import { describe, expect, test } from 'bun:test'
import { heartbeatType, replayHeader } from '../../shared/messaging/names.ts'
import { replayMarkerType } from '../../shared/messaging/replay.ts'
import { Poison, prepare, type Message } from './prepare.ts'
import { encodeThing, things } from './testing/things.ts'

const id = '01890A5D-AC96-774B-BCCE-B302099A8057'
const { type, body, messageId } = encodeThing({ id, version: 3, label: 'secret' })
const message = (change: { body?: string; type?: string }): Message => ({
  deliveryTag: 1,
  body: new TextEncoder().encode(change.body ?? body),
  properties: { type: change.type ?? type, messageId },
})

function poison(run: () => unknown) {
  try {
    run()
  } catch (error) {
    if (error instanceof Poison) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a message becomes', () => {
  test('a change: id in lower case, version, document, time of the event', () => {
    expect(prepare(things, message({}))).toMatchObject({
      kind: 'event',
      event: { id: messageId, version: 3, requestId: 'request-1' },
      change: { id: id.toLowerCase(), version: 3, document: { label: 'secret' } },
    })
  })
  test('a deletion, where the projection gives null', () => {
    const removed = encodeThing({ id, version: 4 })
    expect(prepare(things, message(removed))).toMatchObject({ change: { version: 4, document: null } })
  })
  test('a heartbeat', () => {
    const heartbeat = { type: heartbeatType, time: '2026-01-02T03:04:05.678Z', head: 9, cursor: 8 }
    expect(prepare(things, message({ body: JSON.stringify(heartbeat), type: heartbeatType }))).toEqual({
      kind: 'heartbeat',
      heartbeat,
    } as never)
  })
  test('an event that was sent again for a request, and the marker at the end of it', () => {
    const { properties, ...rest } = message({})
    const again = { ...rest, properties: { ...properties, headers: { [replayHeader]: id } } }
    expect(prepare(things, again)).toMatchObject({ kind: 'event', replay: id })
    expect(prepare(things, message({}))).toMatchObject({ kind: 'event', replay: undefined })
    const marker = {
      type: replayMarkerType,
      request: id,
      partition: 1,
      sent: 2,
      time: '2026-01-02T03:04:05.678Z',
      head: 9,
    }
    expect(prepare(things, message({ body: JSON.stringify(marker), type: replayMarkerType }))).toEqual({
      kind: 'marker',
      marker,
    } as never)
  })
})

describe('what no retry will help names itself and nothing of its data', () => {
  const failing = {
    ...things,
    project: () => {
      throw new Error('secret')
    },
  }
  const cases: [string, () => unknown][] = [
    ['not-json', () => prepare(things, message({ body: '{"secret"' }))],
    ['not-json', () => prepare(things, { deliveryTag: 1, body: null, properties: { type, messageId } })],
    ['not-an-envelope', () => prepare(things, message({ body: '{"label":"secret"}' }))],
    ['unknown-type', () => prepare(things, message({ body: body.replaceAll('stored.v1', 'stored.v9') }))],
    ['invalid-data', () => prepare(things, message({ body: body.replace('"secret"', '["secret"]') }))],
    ['projection-failed', () => prepare(failing, message({}))],
    ['not-json', () => prepare(things, message({ body: 'secret', type: heartbeatType }))],
    ['invalid-data', () => prepare(things, message({ body: '{"head":"secret"}', type: heartbeatType }))],
  ]
  test.each(cases)('%s', (code, run) => {
    const error = poison(run)
    expect(error.code).toBe(code)
    expect(error.eventId).toBe(messageId)
    expect(JSON.stringify([error.code, error.eventType, error.detail])).not.toContain('secret')
  })
})

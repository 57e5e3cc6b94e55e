import { EventError, parseEnvelope, type DomainEvent } from '../../shared/events/catalogue.ts'
import { envelopeBytesMax } from '../../shared/events/envelope.ts'
import { parseHeartbeat } from '../../shared/messaging/heartbeat.ts'
import { heartbeatType, replayHeader, type Heartbeat } from '../../shared/messaging/names.ts'
import { parseReplayMarker, replayMarkerType, type ReplayMarker } from '../../shared/messaging/replay.ts'
import { rankOfEvent, type Change } from './gate.ts'
import type { ReadModel } from './read-model.ts'

/** A message from the broker, as far as the projector looks at it. */
export interface Message {
  readonly deliveryTag: number
  readonly body: Uint8Array | null
  readonly properties: {
    readonly type?: string
    readonly messageId?: string
    readonly headers?: Readonly<Record<string, unknown>>
  }
}

export type Prepared =
  | PreparedEvent
  | { readonly kind: 'heartbeat'; readonly heartbeat: Heartbeat }
  | { readonly kind: 'marker'; readonly marker: ReplayMarker }

export interface PreparedEvent {
  readonly kind: 'event'
  readonly event: DomainEvent
  readonly change: Change
  /** Id of the request that it was sent again for; undefined for a live event. */
  readonly replay: string | undefined
}

/**
 * A message that no retry will help: decoding and projecting are pure, so that one attempt tells all. Holds nothing of
 * the event's data, which may be personal.
 */
export class Poison extends Error {
  override readonly name = 'Poison'
  readonly eventType: string | undefined
  readonly eventId: string | undefined
  constructor(
    /** `not-json`, `unknown-type`, …, `projection-failed`, `kills-the-process`, or the store's code for the document. */
    readonly code: string,
    eventType: string | undefined,
    eventId: string | undefined,
    /** One sentence without values. */
    readonly detail: string,
    readonly attempts = 1,
  ) {
    super(detail)
    // A foreign message may have anything for a name.
    this.eventType = eventType?.slice(0, nameLengthMax)
    this.eventId = eventId?.slice(0, nameLengthMax)
  }
}

const nameLengthMax = 200

/**
 * Decodes, validates and projects one message. Pure.
 * @throws Poison
 */
export function prepare(model: ReadModel, message: Message): Prepared {
  const { type, messageId, headers } = message.properties
  const body = message.body ?? new Uint8Array()
  let eventType = type
  let eventId = messageId
  try {
    if (body.length > envelopeBytesMax) {
      const detail = `the message has ${body.length} bytes, and no event more than ${envelopeBytesMax}`
      throw new Poison('too-large', eventType, eventId, detail)
    }
    if (type === heartbeatType) return { kind: 'heartbeat', heartbeat: parseHeartbeat(body) }
    if (type === replayMarkerType) return { kind: 'marker', marker: parseReplayMarker(body) }
    const envelope = parseEnvelope(body)
    eventType = envelope.type
    eventId = envelope.id
    const event: DomainEvent = model.handles.decode(envelope)
    const { version, time } = event
    const rank = model.rank && rankOfEvent(model.rank(event))
    const isNew = model.perVersion !== undefined || (model.isKeyedByAggregate && version === 1)
    const replay = headers?.[replayHeader]
    return {
      kind: 'event',
      event,
      change: { id: model.key(event), version, rank, document: model.project(event), time, isNew },
      replay: typeof replay === 'string' ? replay : undefined,
    }
  } catch (error) {
    if (error instanceof Poison) throw error
    if (error instanceof EventError) throw new Poison(error.code, eventType, eventId, error.message)
    // Not its message: a projection's own error may quote the data.
    const name = error instanceof Error ? error.name : typeof error
    throw new Poison('projection-failed', eventType, eventId, `the projection threw ${name}`)
  }
}

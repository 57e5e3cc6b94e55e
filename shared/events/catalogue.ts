import type { Static, TSchema } from '@sinclair/typebox'
import { TypeCompiler, type TypeCheck } from '@sinclair/typebox/compiler'
import { changedField } from './changed.ts'
import type { Envelope } from './envelope.ts'

/** Event types of one aggregate with the schema of their data, the version being part of the type's name. */
export type EventSchemas = Readonly<Record<string, TSchema>>

/** An event as projections see it: decoded, validated, of a current version. */
export interface DomainEvent<Type extends string = string, Data = unknown> {
  readonly id: string
  readonly type: Type
  /** `users`: the type's first part. */
  readonly aggregate: string
  readonly aggregateId: string
  /** The aggregate's version after this event, from 1. */
  readonly version: number
  /** ISO 8601. */
  readonly time: string
  /** Position in the outbox. */
  readonly seq: number
  readonly traceparent: string | undefined
  readonly requestId: string | undefined
  /** Who caused it, where that is known. */
  readonly actor: string | undefined
  readonly data: Data
}

export type EventOf<Schemas extends EventSchemas> = {
  [Type in keyof Schemas & string]: DomainEvent<Type, Static<Schemas[Type]>>
}[keyof Schemas & string]

/**
 * `validate` stands before the outbox and `decode` after the broker, with one schema. The data of a past version's type
 * is upcast into a current type's, so that projections know current versions only.
 */
export interface EventCatalogue<Event extends DomainEvent = DomainEvent> {
  readonly aggregate: string
  /** Of the current types. */
  readonly schemas: EventSchemas
  /** Of everything that `decode` knows, past versions first. */
  readonly everyVersion: EventSchemas
  /** The current types whose data says what changed: see `withChanged`. */
  readonly tellingChanges: ReadonlySet<string>
  /** @throws EventError `invalid-data` naming the field, never its value */
  validate(type: string, data: unknown): void
  /** @throws EventError `unknown-type` or `invalid-data` */
  decode(envelope: Envelope): Event
}

/** A type that is written no more, and stays in the log. */
export interface PastVersion {
  readonly schema: TSchema
  /** Brings valid data one version further. Pure. */
  upcast(data: unknown): { readonly type: string; readonly data: unknown }
}

export class EventError extends Error {
  override readonly name = 'EventError'
  constructor(
    readonly code: 'not-json' | 'not-an-envelope' | 'unknown-type' | 'invalid-data',
    message: string,
  ) {
    super(message)
  }
}

/**
 * @param schemas current types; all begin with `<aggregate>.` and end in `.v<number>`
 * @param past types of former versions, each with the function that brings its data one version further
 */
export function eventCatalogue<const Schemas extends EventSchemas>(
  schemas: Schemas,
  past: Readonly<Record<string, PastVersion>> = {},
): EventCatalogue<EventOf<Schemas>> {
  const types = Object.keys(schemas)
  const aggregate = types[0]?.split('.', 1)[0]
  const pastSchemas = Object.fromEntries(Object.entries(past).map(([type, { schema }]) => [type, schema]))
  const everyVersion: EventSchemas = { ...pastSchemas, ...schemas }
  const names = Object.keys(everyVersion)
  if (!aggregate || !names.every((type) => typePattern.test(type) && type.startsWith(`${aggregate}.`)))
    throw new Error(`event types must read <aggregate>.<entity>.<event>.v<number>: ${names.join(', ')}`)
  const current = compiled(schemas)
  const former = compiled(pastSchemas)

  function validate(type: string, data: unknown, checks = current): void {
    const check = checks.get(type)
    if (!check)
      throw new EventError('unknown-type', `no event type "${type}" in the catalogue of ${aggregate}`)
    if (check.Check(data)) return
    const first = check.Errors(data).First()
    throw new EventError('invalid-data', `${type}: ${first?.path || '/'} ${first?.message ?? 'is invalid'}`)
  }

  return {
    aggregate,
    schemas,
    everyVersion,
    tellingChanges: new Set(types.filter((type) => changedField in (schemas[type]!['properties'] ?? {}))),
    validate: (type, data) => validate(type, data),
    decode(envelope) {
      let { type, data } = envelope as { type: string; data: unknown }
      for (let version = past[type]; version; version = past[type]) {
        validate(type, data, former)
        ;({ type, data } = version.upcast(data))
      }
      validate(type, data)
      return {
        id: envelope.id,
        type,
        aggregate,
        aggregateId: envelope.subject,
        version: Number(envelope.sequence),
        time: envelope.time,
        seq: Number(envelope.logseq),
        traceparent: envelope.traceparent,
        requestId: envelope.requestid,
        actor: envelope.actor,
        data,
      } as EventOf<Schemas>
    },
  }
}

const compiled = (schemas: EventSchemas) =>
  new Map<string, TypeCheck<TSchema>>(
    Object.entries(schemas).map(([type, schema]) => [type, TypeCompiler.Compile(schema)]),
  )

const typePattern = /^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+\.v[1-9][0-9]*$/
const versionPattern = /^[1-9][0-9]{0,9}$/
const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * Bytes from the broker → envelope, checked as far as the generic machinery needs it.
 * @throws EventError `not-json` or `not-an-envelope`
 */
export function parseEnvelope(body: Uint8Array): Envelope {
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(body))
  } catch {
    throw new EventError('not-json', 'the message body is not JSON in UTF-8')
  }
  const envelope = value as Envelope
  const isEnvelope =
    typeof value === 'object' &&
    value !== null &&
    envelope.specversion === '1.0' &&
    typeof envelope.type === 'string' &&
    typeof envelope.id === 'string' &&
    envelope.id !== '' &&
    typeof envelope.subject === 'string' &&
    envelope.subject !== '' &&
    typeof envelope.time === 'string' &&
    !Number.isNaN(Date.parse(envelope.time)) &&
    typeof envelope.sequence === 'string' &&
    versionPattern.test(envelope.sequence)
  if (!isEnvelope)
    throw new EventError('not-an-envelope', 'the message body is not a CloudEvents 1.0 envelope')
  return envelope
}

/**
 * The one envelope: CloudEvents 1.0 in structured JSON. `sequence` is the aggregate's version (a text, as that
 * extension's specification has it), `partitionkey` the aggregate's id, `logseq` the position in the outbox.
 */
export interface Envelope<Type extends string = string, Data = unknown> extends EventHeaders {
  readonly specversion: '1.0'
  readonly id: string
  readonly source: string
  readonly type: Type
  readonly subject: string
  readonly time: string
  readonly datacontenttype: 'application/json'
  readonly dataschema: string
  readonly partitionkey: string
  readonly sequence: string
  readonly logseq: string
  readonly data: Data
}

/** What an event carries about the request it came from; stored in the outbox's `headers` column. */
export interface EventHeaders {
  readonly traceparent?: string
  readonly tracestate?: string
  readonly correlationid?: string
  readonly causationid?: string
  readonly actor?: string
  readonly requestid?: string
}

export const envelopeFields = [
  'traceparent',
  'tracestate',
  'correlationid',
  'causationid',
  'actor',
  'requestid',
] as const satisfies readonly (keyof EventHeaders)[]

/** An outbox row as the relay reads it: JSON columns as text, so that nothing is parsed on the way through. */
export interface OutboxRecord {
  readonly seq: number
  readonly id: string
  readonly aggregatetype: string
  readonly aggregateid: string
  readonly type: string
  readonly version: number
  readonly payload: string
  /** A flat JSON object with the names of {@link EventHeaders}. */
  readonly headers: string
  /** ISO 8601, UTC. */
  readonly occurred_at: string
}

/** Refused at the append: larger events could not be told from an attack, and 16 MB would close the channel. */
export const envelopeBytesMax = 1_000_000
export const headersBytesMax = 4_096
export const correlationBytesMax = 128
/** Of the data alone: what is left beside headers and, generously, the envelope's own attributes. */
export const payloadBytesMax = envelopeBytesMax - headersBytesMax - 2_048

/** The message body of one outbox row. The JSON columns are spliced in as they are. */
export function encodeEnvelope(row: OutboxRecord): string {
  const aggregateId = JSON.stringify(row.aggregateid)
  const inner = row.headers.trim().slice(1, -1).trim()
  return (
    `{"specversion":"1.0","id":"${row.id}","source":"/command/${row.aggregatetype}","type":"${row.type}",` +
    `"subject":${aggregateId},"time":"${row.occurred_at}","datacontenttype":"application/json",` +
    `"dataschema":"/schemas/${row.type}","partitionkey":${aggregateId},` +
    `"sequence":"${row.version}","logseq":"${row.seq}",${inner ? `${inner},` : ''}"data":${row.payload}}`
  )
}

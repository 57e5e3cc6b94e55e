import { Binary } from 'mongodb'
import { envelopeBytesMax } from '../../../shared/events/envelope.ts'
import type { CollectionOf } from '../collection-of.ts'
import type { Message, Poison } from '../prepare.ts'
import { digest, messageKey } from './message-key.ts'

/** Where a message that cannot be applied is put, so that the others of its partition flow. */
export interface Parking {
  /**
   * Copies the messages, of one partition and in their order, with why they cannot be applied; durable on a majority
   * when it resolves. Safe to call again and from several processes: a redelivered message is parked once.
   * @returns one answer for each that is parked now, from the first on, `known` for one that was so before. Fewer answers
   * than messages: the partition holds as many as it may, and is to stop. A change that nothing can apply any more must
   * not be parked a million times with nobody looking.
   * @throws when the store is away
   */
  park(entries: readonly Parkable[]): Promise<readonly ('parked' | 'known')[]>
}

export interface Parkable {
  readonly group: string
  readonly partition: number
  readonly queue: string
  readonly poison: Poison
  readonly message: Message
}

/** A document of `parked_events`. Its body holds the event's data, so that it can be applied later. */
export interface ParkedEvent {
  /** `<group>/<message key>`. */
  readonly _id: string
  readonly group: string
  readonly partition: number
  readonly queue: string
  readonly event_id?: string
  readonly event_type?: string
  readonly aggregate_id?: string
  readonly version?: number
  readonly seq?: number
  /** `invalid-data`, `kills-the-process`, …, or the store's code for the document. */
  readonly code: string
  /** One sentence without values. */
  readonly detail: string
  /** Processes that ended over it; 1 where the first attempt told all. */
  readonly attempts: number
  /** ISO 8601, as all times here. */
  readonly parked_at: string
  readonly body: Binary
  /** In bytes; more than `body` has where `truncated`. */
  readonly size: number
  /** Only its beginning is kept, as a document can hold no more: it cannot be released. No event of ours is so large. */
  readonly truncated?: true
  /** SHA-256 of the whole body. */
  readonly digest: string
  readonly properties: { readonly type?: string; readonly message_id?: string }
  /** As JSON, since a header's name may be one that no document's field can have. */
  readonly headers?: string
  /** An operator's mark: a projector is to apply it. */
  readonly release_requested_at?: string
  readonly released_by?: string
  /** The projector that applies it now, until when the others leave it alone. */
  readonly claimed_by?: string
  readonly claimed_until?: string
  /** What came of the last release. */
  readonly last_error?: { readonly code: string; readonly detail: string; readonly at: string }
}

export const parkedEvents = (collectionOf: CollectionOf) => collectionOf<ParkedEvent>('parked_events')

/** @param options.partitionMax most parked events of one partition */
export function createParking(
  collectionOf: CollectionOf,
  { partitionMax }: { partitionMax: number },
): Parking {
  return {
    async park(entries) {
      const [first] = entries
      if (first === undefined) return []
      const collection = parkedEvents(collectionOf)
      const documents = entries.map(parkedDocument)
      const ids = documents.flatMap((document) => [document._id, otherId(document)])
      const found = await collection.find({ _id: { $in: ids } }, { projection: { digest: 1 } }).toArray()
      const digests = new Map(found.map(({ _id, digest: known }) => [_id, known]))
      const { group, partition } = first
      const count = await collection.countDocuments({ group, partition }, { limit: partitionMax + 1 })

      const fresh: ParkedEvent[] = []
      const answers: ('parked' | 'known')[] = []
      for (const document of documents) {
        // A foreign message may carry another's id.
        const _id =
          (digests.get(document._id) ?? document.digest) === document.digest
            ? document._id
            : otherId(document)
        if (digests.has(_id)) {
          answers.push('known')
          continue
        }
        if (count + fresh.length >= partitionMax) break
        digests.set(_id, document.digest)
        fresh.push({ ...document, _id })
        answers.push('parked')
      }
      if (fresh.length > 0)
        await collection.bulkWrite(
          fresh.map(({ _id, ...rest }) => ({
            updateOne: { filter: { _id }, update: { $setOnInsert: rest }, upsert: true },
          })),
          { ordered: false, writeConcern: { w: 'majority' } },
        )
      return answers
    },
  }
}

const otherId = (document: ParkedEvent) => `${document._id}~${document.digest.slice(0, 12)}`

/** Idempotent. @throws when the store is away */
export async function makeParkingIndexes(collectionOf: CollectionOf): Promise<void> {
  const collection = parkedEvents(collectionOf)
  await collection.createIndex({ group: 1, partition: 1 }, { name: 'partition' })
  const marked = { release_requested_at: { $exists: true } }
  await collection.createIndex(
    { release_requested_at: 1 },
    { name: 'marked', partialFilterExpression: marked },
  )
}

/** The message as it was delivered. */
export function deliveredMessage({ body, properties, headers }: ParkedEvent): Message {
  const { type, message_id } = properties
  return {
    deliveryTag: 0,
    body: body.buffer,
    properties: defined({
      type,
      messageId: message_id,
      headers: headers === undefined ? undefined : (JSON.parse(headers) as Record<string, unknown>),
    }),
  }
}

function parkedDocument({ group, partition, queue, poison, message }: Parkable): ParkedEvent {
  const body = message.body ?? new Uint8Array()
  const { type, messageId, headers } = message.properties
  const { code, detail, attempts, eventType, eventId } = poison
  return {
    _id: `${group}/${messageKey(message)}`,
    group,
    partition,
    queue,
    ...defined({ event_id: eventId, event_type: eventType, ...attributes(body) }),
    code,
    detail,
    attempts,
    parked_at: new Date().toISOString(),
    body: new Binary(body.length > bodyBytesMax ? body.slice(0, keptBytes) : body),
    size: body.length,
    ...(body.length > bodyBytesMax ? { truncated: true } : undefined),
    digest: digest(body),
    properties: defined({ type, message_id: messageId }),
    ...(headers === undefined ? undefined : { headers: JSON.stringify(headers) }),
  }
}

/** What names the event, read without parsing: the body may be what ends the process. Ours begins with all of it. */
function attributes(body: Uint8Array) {
  const start = new TextDecoder().decode(body.subarray(0, 4_096))
  const find = (name: string) => new RegExp(`"${name}":"([^"\\\\]{1,200})"`).exec(start)?.[1]
  const number = (text: string | undefined) => (text && /^\d{1,15}$/.test(text) ? Number(text) : undefined)
  return {
    aggregate_id: find('subject')?.toLowerCase(),
    version: number(find('sequence')),
    seq: number(find('logseq')),
  }
}

/** Without the properties that are undefined, which a document would keep as nulls. */
function defined<T extends object>(value: T) {
  const entries = Object.entries(value).filter(([, item]) => item !== undefined)
  return Object.fromEntries(entries) as { [Key in keyof T]?: NonNullable<T[Key]> }
}

/** A document holds 16 MB. */
const bodyBytesMax = 12_000_000
/** Too large to be applied still. */
const keptBytes = envelopeBytesMax + 1

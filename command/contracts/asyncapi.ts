import type { EventCatalogue } from '../../shared/events/catalogue.ts'
import {
  correlationBytesMax,
  envelopeBytesMax,
  envelopeFields,
  headersBytesMax,
} from '../../shared/events/envelope.ts'
import {
  aggregateBinding,
  eventContentType,
  exchangeName,
  partitionTag,
} from '../../shared/messaging/names.ts'
import { partitionOf } from '../../shared/messaging/partition.ts'
import { contractSchemas, envelopeName, type JsonSchema } from './schemas.ts'

/** An aggregate as its events' consumers see it. */
export interface Source {
  readonly events: EventCatalogue
  /** A replay sends it to the queues of read models alone. */
  readonly snapshot: string
}

export interface AsyncApiInput {
  readonly sources: readonly Source[]
  /** Envelopes as the broker delivers them. */
  readonly samples: readonly { readonly type: string }[]
  readonly partitions: number
}

/** Everything that a foreign consumer needs to know, as AsyncAPI 3. Pure. */
export function asyncApi({ sources, samples, partitions }: AsyncApiInput): JsonSchema {
  const schemas = contractSchemas(sources.map(({ events }) => events))
  const messages = sources.flatMap((source) =>
    publishedTypes(source).map(
      (type) =>
        [
          type,
          messageOf(
            type,
            source.events,
            samples.filter((sample) => sample.type === type),
          ),
        ] as const,
    ),
  )
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Events',
      version: '1.0.0',
      description: guide,
      license: { name: 'MIT' },
    },
    defaultContentType: eventContentType,
    servers: {
      broker: {
        host: '{host}:{port}',
        protocol: 'amqp',
        protocolVersion: '0.9.1',
        description:
          'RabbitMQ 4. A consumer has a user of its own, who may declare its queues and read the exchange.',
        variables: { host: { default: 'localhost' }, port: { default: '5672' } },
      },
    },
    channels: Object.fromEntries(
      sources.map((source) => [source.events.aggregate, channelOf(source, partitions)]),
    ),
    operations: Object.fromEntries(
      sources.map((source) => [
        `publish_${source.events.aggregate}`,
        {
          action: 'send',
          channel: { $ref: `#/channels/${source.events.aggregate}` },
          title: `Events of ${source.events.aggregate}`,
          summary: 'Sent once their transaction has committed.',
          bindings: { amqp: { deliveryMode: 2, mandatory: true, bindingVersion: '0.3.0' } },
          messages: publishedTypes(source).map((type) => ({
            $ref: `#/channels/${source.events.aggregate}/messages/${type}`,
          })),
        },
      ]),
    ),
    components: {
      messages: Object.fromEntries(messages),
      schemas: Object.fromEntries([...schemas].map(([name, schema]) => [name, withoutIdentity(schema)])),
    },
    'x-partition-function': {
      description:
        'CRC-32 (IEEE 802.3) of the lower-case aggregate id’s UTF-8 bytes, modulo the count of partitions',
      partitions,
      examples: vectors.map((id) => ({ id, partition: partitionOf(id, partitions) })),
    },
    'x-limits': {
      'envelope-bytes-max': envelopeBytesMax,
      'header-attributes-bytes-max': headersBytesMax,
      'correlation-and-causation-id-bytes-max': correlationBytesMax,
    },
  }
}

const eventOf = (type: string) => type.slice(type.indexOf('.') + 1, type.lastIndexOf('.'))

function publishedTypes({ events, snapshot }: Source): string[] {
  return Object.keys(events.everyVersion).filter((type) => eventOf(type) !== eventOf(snapshot))
}

function channelOf(source: Source, partitions: number) {
  const { aggregate } = source.events
  const types = publishedTypes(source)
  const tags = Array.from({ length: partitions }, (_, partition) => partitionTag(partition, partitions))
  const events = [...new Set(types.map(eventOf))]
  return {
    address: `${aggregate}.{partition}.{event}`,
    title: `Events of ${aggregate}`,
    description: `The address is the routing key. Bind a queue of your own with \`${aggregate}.#\` for all of them, or with \`${aggregateBinding(aggregate, 0, partitions)}\` for one partition.`,
    parameters: {
      partition: {
        description: 'Which partition, of how many: all events of one aggregate are on the same one',
        enum: tags,
        examples: tags.slice(0, 1),
      },
      event: { description: 'The type without aggregate and version', enum: events },
    },
    messages: Object.fromEntries(types.map((type) => [type, { $ref: `#/components/messages/${type}` }])),
    bindings: {
      amqp: {
        is: 'routingKey',
        exchange: { name: exchangeName, type: 'topic', durable: true, autoDelete: false, vhost: '/' },
        bindingVersion: '0.3.0',
      },
    },
    'x-binding-keys': { all: `${aggregate}.#`, 'one-partition': aggregateBinding(aggregate, 0, partitions) },
  }
}

function messageOf(type: string, { schemas }: EventCatalogue, samples: readonly object[]) {
  const isCurrent = type in schemas
  return {
    name: type,
    title: type,
    summary: isCurrent
      ? undefined
      : 'A past version: it is written no more, and may still be sent out of the log.',
    contentType: eventContentType,
    correlationId: {
      location: '$message.payload#/correlationid',
      description: '`X-Correlation-Id` of the request',
    },
    payload: {
      allOf: [
        { $ref: `#/components/schemas/${envelopeName}` },
        {
          type: 'object',
          properties: {
            type: { const: type },
            dataschema: { const: `/schemas/${type}` },
            data: { $ref: `#/components/schemas/${type}` },
          },
          required: ['type', 'dataschema', 'data'],
        },
      ],
    },
    bindings: { amqp: { messageType: type, bindingVersion: '0.3.0' } },
    ...(samples.length > 0 && {
      examples: samples.map((payload, index) => ({ name: `${type}-${index + 1}`, payload })),
    }),
  }
}

/** Inside another document they are known by their place. */
const withoutIdentity = (schema: JsonSchema): JsonSchema =>
  Object.fromEntries(Object.entries(schema).filter(([key]) => key !== '$schema' && key !== '$id'))

/** Published test vectors: a consumer that computes partitions must match them. */
const vectors = [
  '01890a5d-ac96-774b-bcce-b302099a8057',
  '0190163d-8694-739b-aea5-966c26f8ad91',
  '00000000-0000-7000-8000-000000000000',
]

const guide = `Everything that happens to an aggregate, as one event each, with the whole state after the change.

**What is promised.** At least once: each event of each committed change is delivered to every queue that was bound when it
was published, and may come again with the same \`id\`. The events of one aggregate come in the order of their \`sequence\`,
except after a failure of broker or relay, when older ones may follow newer ones. Nothing is promised about the order of two
aggregates. Nothing is published that was not committed.

**What a consumer does.** It declares a durable queue of its own (a quorum queue is advised) and binds it to the exchange,
which the relay declares. It acknowledges an event after it was dealt with. It skips an event whose \`sequence\` is not above
the last one that it dealt with for that \`subject\`: that makes repeats and another order harmless, since every event has the
whole state. It ignores fields and attributes that it does not know, and puts aside types that it does not know.

**Message properties.** \`content-type\` ${eventContentType}, \`type\` and \`message-id\` as in the envelope, persistent. There
are no message headers: ${envelopeFields.join(', ')} are attributes of the envelope.

**What is not here.** Events from before a queue was bound, and \`snapshot\` events, which replays send to the queues of read
models alone. Heartbeats have routing keys that begin with \`relay.\`.`

/** One system in one setting, as a row of the table has it. */
export interface Peer {
  /** In file names and on the command line. */
  readonly id: string
  readonly title: string
  readonly setting: 'default' | 'best'
  /** What it was set to, in words. */
  readonly setTo: string
  /** Run by Node in the peers' folder. */
  readonly service: string
  /** Left out where the service publishes itself. */
  readonly relay?: string
}

const outbox = {
  title: '`pg-transactional-outbox` 0.5.7',
  service: 'outbox-service.mjs',
  relay: 'outbox-relay.mjs',
} as const
const nest = { title: 'NestJS 11, save then publish', service: 'nest-service.mjs' } as const

export const peers: readonly Peer[] = [
  {
    ...outbox,
    id: 'outbox-default',
    setting: 'default',
    setTo:
      'polling, settings and code as in its README (5 messages each 250 ms, one after another, given up after 5 failures); amqplib with confirms',
  },
  {
    ...outbox,
    id: 'outbox-best',
    setting: 'best',
    setTo:
      'the same, and `messageRetryStrategy` never gives up, a segment for each user, 25 messages each 50 ms',
  },
  {
    ...nest,
    id: 'nest-default',
    setting: 'default',
    setTo: 'TypeORM `save`, then amqplib `sendToQueue` on a plain channel; a failure is logged',
  },
  {
    ...nest,
    id: 'nest-best',
    setting: 'best',
    setTo: 'the same on a confirm channel, awaited before the answer, which is 503 without the confirm',
  },
]

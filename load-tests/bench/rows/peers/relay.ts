import { query, type Places } from '../../../../ops/faults/world/places.ts'
import { Broker } from '../../machinery/broker.ts'
import type { Contender, Sample } from '../../machinery/comparison.ts'
import { metered, partOf, type Site } from '../../machinery/site.ts'
import { untilDone } from '../../machinery/until.ts'
import type { PeerRelay } from './peer-relay.ts'
import { dropSlot, followed, isFollowed } from './slot.ts'
import { type DebeziumSetting, debeziumOn } from './debezium.ts'
import type { Peers } from './install.ts'
import { peerPlaces, peerProcess, peerQueue } from './site.ts'

/** Draining a backlog into one durable quorum queue, as far as the time goes. */
export async function peerRelays(site: Site, peers: Peers): Promise<Contender[]> {
  const debeziums: DebeziumSetting[] = ['default', 'best']
  const relays = [
    await pollingOn(site, peers, 'default'),
    await pollingOn(site, peers, 'best'),
    await replicationOn(site, peers, 'default'),
    await replicationOn(site, peers, 'best'),
    await nestjsOutboxOn(site, peers),
    ...(await Promise.all(debeziums.map((setting) => debeziumOn(site, peers.debezium, setting)))),
  ]
  return Promise.all(relays.map((relay) => drainOf(site, relay)))
}

async function drainOf(site: Site, relay: PeerRelay): Promise<Contender> {
  const broker = await Broker.connect(relay.places.brokerUrl)
  site.defer(() => broker.close())
  const { peerBacklog: backlog, peerSeconds } = site.sizes
  await broker.declareQueue(peerQueue)
  await broker.declareExchange(peerQueue)
  const arrived = async () => (await broker.depths([peerQueue])).messages
  return {
    name: relay.name,
    isPeer: true,
    async measure(): Promise<Sample> {
      await relay.empty()
      await broker.purge([peerQueue])
      try {
        if (!relay.startsFirst) await relay.fill(backlog)
        const part = await relay.start()
        if (relay.startsFirst) await relay.fill(backlog)
        const { result, cpuMs } = await metered(site, [part], () =>
          untilDone(backlog, arrived, { lookMs: 25, fromFirst: true, limitMs: peerSeconds * 1_000 }),
        )
        return { ...result, cpuMs }
      } finally {
        await relay.stop()
      }
    },
  }
}

const fillOutbox = (segment: string) => (places: Places, count: number) =>
  query(
    places.ownerUrl,
    `INSERT INTO outbox (id, aggregate_type, aggregate_id, message_type, segment, payload)
SELECT gen_random_uuid(), 'user', n, 'user.created', ${segment}, ${payload} FROM generate_series(0, ${count - 1}) n`,
  )

const payload = `jsonb_build_object('type', 'user.created', 'id', lpad(n::text, 36, '0'), 'version', 1, 'occurred_at', now(),
  'data', jsonb_build_object('id', lpad(n::text, 36, '0'), 'first_name', 'Ada', 'last_name', 'Lovelace',
    'email', 'u-' || n || '@bench.example', 'created_at', now(), 'updated_at', now()))`

const title = '`pg-transactional-outbox` 0.5.7'

async function pollingOn(site: Site, peers: Peers, setting: 'default' | 'best'): Promise<PeerRelay> {
  const places = await peerPlaces(site, peers, ['outbox.sql'])
  const process = await peerProcess(site, peers, {
    role: 'relay',
    places,
    program: 'outbox-relay.mjs',
    setting,
  })
  const fill = fillOutbox(setting === 'best' ? 'n::text' : 'NULL')
  return {
    name: `${title}, polling for ${setting === 'best' ? '25 each 50 ms, a segment a user' : '5 each 250 ms'}`,
    places,
    startsFirst: false,
    empty: () => query(places.ownerUrl, 'TRUNCATE outbox'),
    fill: (count) => fill(places, count),
    async start() {
      process.start()
      return partOf(process)
    },
    stop: () => process.stop(),
  }
}

async function replicationOn(site: Site, peers: Peers, setting: 'default' | 'best'): Promise<PeerRelay> {
  const places = await peerPlaces(site, peers, ['outbox.sql'])
  const slot = `${places.name}_slot`
  await followed(site, places, slot)
  await query(
    places.adminUrl,
    `CREATE PUBLICATION outbox_publication FOR TABLE outbox WITH (publish = 'insert')`,
  )
  const env = { PEER_LISTENER: 'replication', PEER_SLOT: slot, POSTGRES_URL: places.adminUrl }
  const process = await peerProcess(site, peers, {
    role: 'relay',
    places,
    program: 'outbox-relay.mjs',
    setting,
    env,
  })
  const fill = fillOutbox(setting === 'best' ? 'n::text' : 'NULL')
  return {
    name: `${title}, replication${setting === 'best' ? ', a segment a user' : ''}`,
    places,
    startsFirst: true,
    async empty() {
      await query(places.ownerUrl, 'TRUNCATE outbox')
      await query(places.adminUrl, `SELECT pg_create_logical_replication_slot('${slot}', 'pgoutput')`)
    },
    fill: (count) => fill(places, count),
    async start() {
      process.start()
      await isFollowed(places, slot)
      return partOf(process)
    },
    async stop() {
      await process.stop()
      await dropSlot(places, slot)
    },
  }
}

/** At its best: as its README has it, a backlog goes out ten events each half minute. */
async function nestjsOutboxOn(site: Site, peers: Peers): Promise<PeerRelay> {
  const places = await peerPlaces(site, peers, [])
  const process = await peerProcess(site, peers, {
    role: 'relay',
    places,
    program: 'nestjs-outbox-service.mjs',
    setting: 'best',
  })
  // Its migrations are its own, and run as it starts.
  process.start()
  await process.untilGreen('ready')
  await process.stop()
  return {
    name: '`@fullstackhouse/nestjs-outbox` 4.1.2, polling for 200 each 50 ms',
    places,
    startsFirst: false,
    empty: () => query(places.ownerUrl, 'TRUNCATE outbox_transport_event'),
    fill: (count) =>
      query(
        places.ownerUrl,
        `ALTER TABLE outbox_transport_event DISABLE TRIGGER USER;
INSERT INTO outbox_transport_event (event_name, event_payload, delivered_to_listeners, attempt_at, expire_at, inserted_at)
SELECT 'UserChanged', jsonb_build_object('name', 'UserChanged', 'event', ${payload}), '[]', 0,
  (extract(epoch FROM now()) * 1000)::bigint + 86400000, (extract(epoch FROM now()) * 1000)::bigint
FROM generate_series(0, ${count - 1}) n;
ALTER TABLE outbox_transport_event ENABLE TRIGGER USER`,
      ),
    async start() {
      process.start()
      return partOf(process)
    },
    stop: () => process.stop(),
  }
}

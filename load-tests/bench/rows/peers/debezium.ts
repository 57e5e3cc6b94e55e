import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { query, type Places } from '../../../../ops/faults/world/places.ts'
import { choosePorts } from '../../../../ops/stack/ports.ts'
import { diesWithUs } from '../../../../ops/stack/run.ts'
import { placesOn, type Site } from '../../machinery/site.ts'
import { appendSql } from '../documents.ts'
import { plain, plainTables } from '../written.ts'
import { type Debezium, debeziumTitle } from './debezium-install.ts'
import type { PeerRelay } from './peer-relay.ts'
import { dropSlot, followed, isFollowed } from './slot.ts'
import { peerQueue } from './site.ts'

export type DebeziumSetting = 'default' | 'best'

/** Debezium Server with its own outbox router, on a plain table with the columns that it expects. */
export async function debeziumOn(
  site: Site,
  debezium: Debezium,
  setting: DebeziumSetting,
): Promise<PeerRelay> {
  const places = await placesOn(site)
  await plainTables(places)
  const slot = `${places.name}_slot`
  await followed(site, places, slot)
  const dir = join(site.dir, `debezium-${setting}`)
  let child: ChildProcess | undefined
  let exited: Promise<unknown> = Promise.resolve()
  const stop = async () => {
    child?.kill('SIGKILL')
    await exited
    child = undefined
    await dropSlot(places, slot)
  }
  site.defer(stop)
  return {
    name: `${debeziumTitle}${setting === 'best' ? ', poll.interval.ms=10, batches of 8,192' : ''}`,
    places,
    startsFirst: true,
    // Where it stopped reading goes with the slot.
    async empty() {
      await query(places.ownerUrl, `TRUNCATE ${plain.outbox}`)
      await rm(dir, { recursive: true, force: true })
    },
    fill: (count) => query(places.ownerUrl, appendSql(0, count, plain.outbox)),
    async start() {
      await mkdir(join(dir, 'config'), { recursive: true })
      const { port } = await choosePorts({ port: 0 })
      const properties = propertiesOf(places, { slot, dir, port, setting })
      await writeFile(
        join(dir, 'config/application.properties'),
        Object.entries(properties)
          .map(([name, value]) => `${name}=${value}\n`)
          .join(''),
      )
      const log = openSync(join(dir, 'log'), 'a')
      const argv = diesWithUs([debezium.java, '-cp', debezium.classpath, 'io.debezium.server.Main'], 'KILL')
      const started = spawn(argv[0]!, argv.slice(1), {
        cwd: dir,
        detached: true,
        stdio: ['ignore', log, log],
        env: { PATH: process.env['PATH'] ?? '' },
      })
      closeSync(log)
      child = started
      exited = new Promise((resolve) => started.once('exit', resolve))
      await isFollowed(places, slot)
      return { name: 'Debezium', root: started.pid!, isSingleThreaded: false }
    },
    stop,
  }
}

interface At {
  readonly slot: string
  readonly dir: string
  readonly port: number
  readonly setting: DebeziumSetting
}

function propertiesOf(places: Places, { slot, dir, port, setting }: At): Record<string, string | number> {
  const [database, broker] = [new URL(places.adminUrl), new URL(places.brokerUrl)]
  const source = {
    'connector.class': 'io.debezium.connector.postgresql.PostgresConnector',
    'offset.storage.file.filename': join(dir, 'offsets'),
    'database.hostname': database.hostname,
    'database.port': database.port,
    'database.user': database.username,
    'database.password': database.password,
    'database.dbname': places.name,
    'topic.prefix': 'bench',
    'table.include.list': plain.outbox,
    'plugin.name': 'pgoutput',
    'slot.name': slot,
    'publication.name': 'debezium',
    'publication.autocreate.mode': 'filtered',
    'snapshot.mode': 'no_data',
    'tombstones.on.delete': 'false',
    ...(setting === 'best' && { 'poll.interval.ms': 10, 'max.batch.size': 8_192, 'max.queue.size': 32_768 }),
  }
  const sink = {
    type: 'rabbitmq',
    'rabbitmq.connection.host': broker.hostname,
    'rabbitmq.connection.port': broker.port,
    'rabbitmq.connection.username': broker.username,
    'rabbitmq.connection.password': broker.password,
    'rabbitmq.connection.virtual.host': places.vhost,
    // There is no way to name the default exchange: what is empty is the topic's name.
    'rabbitmq.exchange': peerQueue,
    'rabbitmq.routingKey.source': 'static',
    'rabbitmq.routingKey': peerQueue,
    'rabbitmq.deliveryMode': 2,
    'rabbitmq.ackTimeout': 30_000,
  }
  const prefixed = (prefix: string, values: Record<string, string | number>) =>
    Object.fromEntries(Object.entries(values).map(([name, value]) => [`debezium.${prefix}.${name}`, value]))
  return {
    ...prefixed('source', source),
    ...prefixed('sink', sink),
    'debezium.format.value.schemas.enable': 'false',
    'debezium.format.key.schemas.enable': 'false',
    'debezium.transforms': 'outbox',
    'debezium.transforms.outbox.type': 'io.debezium.transforms.outbox.EventRouter',
    'debezium.transforms.outbox.route.topic.replacement': peerQueue,
    'quarkus.http.port': port,
    'quarkus.http.host': '127.0.0.1',
    'quarkus.log.level': 'WARN',
    'quarkus.log.console.json': 'false',
  }
}

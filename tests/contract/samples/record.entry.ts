import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { queueName } from '../../../shared/messaging/names.ts'
import { connectAmqp } from '../../../shared/messaging/amqp-connection.ts'
import { partitions, testGroup } from '../../../command/relay/testing/group.ts'
import { relayWorld } from '../../../command/relay/testing/world.ts'
import { startCommandSide } from '../../support/command-side.ts'
import { waitFor } from '../../support/stack.ts'
import { samplesFolder, sampleUsers } from './samples.ts'

/**
 * Records sample events of the current types: `bun tests/contract/samples/record.entry.ts`, with the servers' URLs as
 * the tests take them. Commands go through the real service and relay, and what the broker delivers is written down.
 * To be run on the commit before a type gets its next version, since nobody can make that version's events afterwards.
 */
const world = await relayWorld()
const side = await startCommandSide(world.database.commandUrl)
const group = await testGroup(world.vhost.url, 'recorder-g1')
await group.declare()
await world.start()
const client = await connectAmqp({ url: world.vhost.url, name: 'recorder', timeoutMs: 10_000 })
const channel = await client.channel()

try {
  /** By aggregate id, what its samples are called. */
  const names = new Map<string, string>()
  for (const { name, headers, created, updated } of sampleUsers) {
    const execute = (command: string, id: string, input?: unknown) =>
      side.loop.execute({
        aggregate: 'users',
        name: command,
        id,
        isNew: command === 'create',
        input,
        headers,
      })
    const id = Bun.randomUUIDv7()
    names.set(id, name)
    await execute('create', id, created)
    if (updated) await execute('replace', id, updated)
    if (name === 'plain') await execute('remove', id)
  }
  const request = await group.ask()
  let markers = 0
  const seen = new Set<string>()
  await waitFor(
    async () => {
      for (let partition = 0; partition < partitions; partition++) {
        const message = await channel.basicGet(queueName('recorder-g1', partition, partitions), {
          noAck: true,
        })
        if (!message) continue
        const body = JSON.parse(message.bodyString()!) as Record<string, unknown>
        if (body['request'] === request) markers++
        const type = String(body['type'])
        const name = names.get(String(body['subject']))
        // The replay tells the log again, too.
        if (!name || seen.has(`${type} ${name}`)) continue
        seen.add(`${type} ${name}`)
        await mkdir(join(samplesFolder, type), { recursive: true })
        await writeFile(join(samplesFolder, type, `${name}.json`), `${JSON.stringify(body, null, 2)}\n`)
      }
      return markers === partitions
    },
    { timeoutMs: 30_000, intervalMs: 1, what: 'the end of the replay' },
  )
  process.stdout.write(`${[...seen].sort().join('\n')}\n`)
} finally {
  await client.close()
  await group.close()
  await side.stop()
  await world.end()
}
process.exit(0)

import { expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { relaySettings } from '../../command/relay/settings.ts'
import { commandSettings, migrateSettings } from '../../command/settings.ts'
import { querySettings } from '../../query/settings.ts'
import type { SettingsTable } from '../../shared/process/settings.ts'
import { composeFile, publicImages, root } from './file.ts'

const { services } = await composeFile()

/** Settings that are the same in each container, or must differ from replica to replica. */
const notPassed: Record<string, string[]> = {
  migrate: [],
  // It does not migrate here, and so needs no other role's URL.
  command: ['COMMAND_PORT', 'COMMAND_OPS_PORT', 'POSTGRES_OWNER_URL', 'POSTGRES_RELAY_URL'],
  // It is not the owner here either: old segments are dropped by the verb.
  relay: ['RELAY_PORT', 'POSTGRES_OWNER_URL', 'OUTBOX_RETENTION_HOURS'],
  query: ['PROJECTOR_PORT', 'QUERY_OPS_PORT', 'QUERY_PORT', 'QUERY_ROLES', 'REPLICA_ID'],
}
const tables: Record<string, SettingsTable> = {
  migrate: migrateSettings,
  command: commandSettings,
  relay: relaySettings,
  query: querySettings,
}

for (const [name, table] of Object.entries(tables))
  test(`${name}: every setting that .env may override is passed on, and no other`, () => {
    const passed = Object.keys(services[name]!.environment!)
    expect([...passed, ...notPassed[name]!].toSorted()).toEqual(Object.keys(table).toSorted())
  })

test('the edge alone publishes ports, on the loopback address', () => {
  const published = Object.entries(services).filter(([, { ports }]) => ports)
  expect(published.map(([name]) => name)).toEqual(['edge'])
  expect(
    published.flatMap(([, { ports }]) => ports!.filter((port) => !port.startsWith('127.0.0.1:'))),
  ).toEqual([])
})

test('the image has the Bun that package.json names', async () => {
  const { engines } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
  const bases = (await publicImages()).filter((image) => image.startsWith('oven/bun:'))
  expect(bases).toEqual([`oven/bun:${engines.bun}-slim`])
})

import { expect, test } from 'bun:test'
import { SQL } from 'bun'
import { silentLogger } from '../../shared/process/log.ts'
import { createDatabase } from '../../tests/support/stack.ts'
import { migrationNames } from './index.ts'
import { migrate, missingMigrations } from './run.ts'

test('several processes that migrate an empty database at once run each migration once', async () => {
  const database = await createDatabase()
  const urls = { owner: database.ownerUrl, command: database.commandUrl, relay: database.relayUrl }
  const options = { urls, log: silentLogger, signal: new AbortController().signal }
  const owner = new SQL(database.ownerUrl, { max: 1 })
  const query = async (statement: string) => [...(await owner.unsafe(statement))] as { name: string }[]
  expect(await missingMigrations(query)).toEqual(migrationNames)

  const ran = await Promise.all([1, 2, 3, 4].map(() => migrate(options)))
  expect(ran.flat().toSorted()).toEqual([...migrationNames])
  expect(await migrate(options)).toEqual([])

  // With the service's own rights, as the processes check it.
  const command = new SQL(database.commandUrl, { max: 1 })
  const asCommand = async (statement: string) => [...(await command.unsafe(statement))] as { name: string }[]
  expect(await missingMigrations(asCommand)).toEqual([])
  await Promise.all([owner.close(), command.close()])
  await database.drop()
})

test('an owner without the right to make roles is told what to do', async () => {
  const database = await createDatabase()
  const admin = new SQL(database.adminUrl, { max: 1 })
  const name = `weak_${process.pid}`
  await admin.unsafe(`CREATE ROLE ${name} LOGIN PASSWORD 'weak'; GRANT ALL ON SCHEMA public TO ${name}`)
  const urlOf = (user: string) => {
    const url = new URL(database.ownerUrl)
    url.username = user
    url.password = 'weak'
    return url.href
  }
  const urls = { owner: urlOf(name), command: urlOf(`${name}_c`), relay: urlOf(`${name}_r`) }
  const attempt = migrate({ urls, log: silentLogger, signal: new AbortController().signal })
  await expect(attempt).rejects.toThrow(/CREATEROLE/)
  await admin.unsafe(`DROP OWNED BY ${name}; DROP ROLE ${name}`)
  await admin.close()
  await database.drop()
})

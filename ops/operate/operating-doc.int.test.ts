import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'bun:test'
import { waitFor } from '../../tests/support/stack.ts'
import { exitCodes, type Outcome } from '../cli/exit-codes.ts'
import { plainProgress } from '../stack/progress.ts'
import { operatorVerbs } from '../verbs/ops.ts'
import { generationsOfCode } from './look/generations.ts'
import { readBroker } from './look/queues.ts'
import { readWriteSide } from './look/write-side.ts'
import { readStatus } from './status/status.ts'
import { parkAtProjector, parkAtRelay } from './testing/parking.ts'
import { createSteady } from './testing/steady.ts'
import { operatorWorld, type World } from './testing/world.ts'

const path = join(import.meta.dirname, '../../docs/operating.md')
const user = '01890a5d-ac96-774b-bcce-b302099a8057'
const others = ['01890a5d-ac96-774b-bcce-b302099a0001', '01890a5d-ac96-774b-bcce-b302099a0002'] as const
const extra = '01890a5d-ac96-774b-bcce-b302099a0003'
const parkedUser = '01890a5d-ac96-774b-bcce-b302099a0004'
const steady = createSteady([user, ...others, extra, parkedUser])

let world: World
beforeAll(async () => {
  world = await operatorWorld()
  await parkAtRelay(world, parkedUser)
  await world.sql`INSERT INTO users ${world.sql({ ...rowOf(parkedUser), version: 2 })}`
  await world.startRelay()
  await world.startProjector('query-1')
  await world.consuming()
})
afterAll(() => world.end())

/** What a verb prints, and how it ends, as it would at a terminal. */
async function sample(...args: string[]): Promise<string> {
  const [name, ...rest] = args
  let printed = ''
  const { verb } = await operatorVerbs[name!]!.load()
  const outcome: Outcome = await verb.parse(rest).run({
    connections: world.connections,
    progress: plainProgress(() => {}),
    signal: new AbortController().signal,
    print: (result, show) => void (printed = show(steady(result))),
    confirm: () => {},
  })
  const typed = args.map((word) => steady(/\s/.test(word) ? `"${word}"` : word)).join(' ')
  const code = exitCodes[outcome].code
  return `\`\`\`text\n$ bun run ops -- ${typed}\n${printed}\n${code === 0 ? '' : `# exit code ${code}\n`}\`\`\``
}

/** In the order in which somebody would try them: each finds what the one before left. */
async function samples(): Promise<Map<string, string>> {
  const made = new Map<string, string>()
  const event = await parkAtProjector(world)
  made.set('parked list', await sample('parked', 'list'))
  made.set('parked show', await sample('parked', 'show', `users/${parkedUser}`))
  made.set('parked release', await sample('parked', 'release', `users/${parkedUser}`, event, '--wait'))
  made.set('parked discard', await sample('parked', 'discard', event, '--yes'))

  made.set('pause', await sample('pause', 'projector', '--reason', 'the store is moved'))
  await waitFor(async () => (await consumers()) === 0, { timeoutMs: 15_000, what: 'the pause' })
  for (const version of [1, 2]) await writeUser(user, version)
  await published()
  made.set('trace', await sample('trace', 'users', user))
  made.set('resume', await sample('resume', 'projector'))

  for (const id of others) await writeUser(id, 1)
  await writeUser(others[1], 2)
  await world.converged()
  await breakDocuments()
  await world.sql`DELETE FROM outbox_replays`
  made.set('verify', await sample('verify'))
  made.set('verify repair', await sample('verify', '--repair', '--yes'))
  // Whether the relay served the two of the repair together depends on the moment.
  await world.sql`DELETE FROM outbox_replays`
  made.set('replay', await sample('replay', '--all', '--reason', 'a look', '--wait'))
  made.set('replay list', await sample('replay', 'list'))
  made.set('retention', await sample('retention'))
  await waitFor(
    async () => {
      const { troubles, broker } = await readStatus(world.connections)
      // Who consumes is told some seconds late.
      const isKnown = broker.state === 'ok' && broker.queues.every(({ active }) => active)
      return troubles.length === 0 && isKnown
    },
    { timeoutMs: 30_000, what: 'all to be well' },
  )
  made.set('status', await sample('status'))
  made.set('rebuild', await sample('rebuild', 'users'))
  made.set('rebuild finish', await sample('rebuild', 'users', '--finish', '--yes'))
  return made
}

/** The row and its event in one transaction, as the command service has them, under an id of ours. */
async function writeUser(id: string, version: number): Promise<void> {
  const type = version === 1 ? 'users.user.created.v2' : 'users.user.updated.v2'
  const { email_key: _, ...state } = rowOf(id)
  const payload = { ...state, changed: null }
  await world.sql.begin(async (sql) => {
    await sql`DELETE FROM users WHERE id = ${id}`
    await sql`INSERT INTO users ${sql({ ...rowOf(id), version })}`
    await sql`
      INSERT INTO outbox (id, aggregatetype, aggregateid, type, version, payload)
      VALUES (${Bun.randomUUIDv7()}, 'users', ${id}, ${type}, ${version}, ${payload})`
  })
}

function rowOf(id: string) {
  const time = '2026-11-24T10:00:00.000Z'
  const email = `${id}@example.com`
  const name = { first_name: 'Ada', last_name: 'Lovelace' }
  return { id, ...name, email, email_key: email, created_at: time, updated_at: time }
}

/** One of each that a repair brings right by itself, and one that takes a word of the operator. */
async function breakDocuments(): Promise<void> {
  await world.users.deleteOne({ _id: others[0] })
  await world.users.updateOne({ _id: others[1] }, { $set: { version: 1 } })
  await world.users.insertOne({ _id: extra, version: 4 })
}

async function consumers(): Promise<number> {
  const { queues } = await readBroker(world.connections, generationsOfCode())
  return queues.reduce((sum, { depth }) => sum + (depth?.consumers ?? 0), 0)
}

async function published(): Promise<void> {
  await waitFor(
    async () => {
      const { backlog } = await readWriteSide(world.sql)
      return backlog.events === 0
    },
    { timeoutMs: 15_000, what: 'the relay to have published everything' },
  )
}

test('docs/operating.md has the help and a sample of every verb', async () => {
  const text = await readFile(path, 'utf8')
  const made = await samples()
  for (const [name, { load }] of Object.entries(operatorVerbs))
    made.set(`help ${name}`, `\`\`\`text\n${(await load()).verb.help}\n\`\`\``)
  const expected = text.replace(
    /(<!-- made: (.+?) -->\n)[\s\S]*?(<!-- \/made -->)/g,
    (_, begin, name, end) => {
      if (!made.has(name)) throw new Error(`docs/operating.md wants "${name}", and nobody makes it`)
      return `${begin}${made.get(name)}\n${end}`
    },
  )
  if (process.env['WRITE_DOCS']) await writeFile(path, expected)
  else expect(text).toBe(expected)
  for (const name of made.keys()) expect(expected).toContain(`<!-- made: ${name} -->`)
})

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { SQL } from 'bun'
import { existsSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { waitFor } from '../wait.ts'
import { controlStack } from './control.ts'
import { type Stack, startStack } from './index.ts'
import { listenerOn } from './listeners.ts'
import { choosePorts, isFree } from './ports.ts'
import { rootfsPlace } from './parts.ts'
import { postgres } from './postgres.ts'
import { announce, runningStack } from './running.ts'
import { LocalServer } from './server.ts'

const START_MS = 60_000

let stack: Stack
let dataDir: string
const lines: string[] = []

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'outbox-cqrs-stack-'))
  stack = await startStack({ dataDir, throwaway: true, onProgress: (line) => lines.push(line) })
}, START_MS)

afterAll(async () => {
  await stack.stop()
  expect(existsSync(dataDir)).toBe(false)
})

test('says what it started, and where', () => {
  const { postgres: store, rabbitmq, mongo } = stack.servers
  expect(store.product).toMatch(/^PostgreSQL 18\./)
  expect(rabbitmq.product).toMatch(/^RabbitMQ 4\.3\./)
  expect(mongo.product).toMatch(/^(FerretDB 2\.7|MongoDB )/)
  for (const server of Object.values(stack.servers)) {
    expect(server.external).toBe(false)
    expect(lines.join('\n')).toContain(`${server.product} on :${server.port}`)
  }
})

test('the owner owns his database and makes roles; nobody connects without a password', async () => {
  const owner = new SQL(stack.env.POSTGRES_OWNER_URL, { max: 1 })
  await owner`create role a_role_of_the_test`
  await owner`drop role a_role_of_the_test`
  await owner`create table a_table_of_the_test ()`
  await owner`drop table a_table_of_the_test`
  await owner.close()
  const url = new URL(stack.env.POSTGRES_OWNER_URL)
  url.password = ''
  const stranger = new SQL(url.href, { max: 1 })
  expect(await stranger`select 1`.catch((error: Error) => error)).toBeInstanceOf(Error)
  await stranger.close()
})

for (const name of ['postgres', 'rabbitmq', 'mongo'] as const) {
  test(
    `${name}: killed by signal() it stays down until start(), on the same port`,
    async () => {
      const server = stack.servers[name]
      const { port } = server
      server.signal('SIGKILL')
      await waitFor(() => !listenerOn(port), { timeoutMs: 5_000, what: 'the end' })
      await server.start()
      expect(server.port).toBe(port)
      expect(listenerOn(port)).toBeDefined()
      expect(lines.filter((line) => line.includes('ended by itself'))).toEqual([])
    },
    START_MS,
  )

  test(
    `${name}: stopped and started, as often as one likes`,
    async () => {
      const server = stack.servers[name]
      await server.stop()
      await server.stop()
      expect(listenerOn(server.port)).toBeUndefined()
      await Promise.all([server.start(), server.start()])
      expect(listenerOn(server.port)).toBeDefined()
    },
    START_MS,
  )
}

test('a frozen server answers nobody, and goes on where it was', async () => {
  const sql = new SQL(stack.env.POSTGRES_OWNER_URL, { max: 1 })
  await sql`select 1`
  stack.servers.postgres.signal('SIGSTOP')
  let answered = false
  const answer = sql`select 1`.then(() => (answered = true))
  const { pid } = listenerOn(stack.servers.postgres.port)!
  await waitFor(
    async () => (await Bun.file(`/proc/${pid}/stat`).text()).includes(') T '),
    within('the freeze'),
  )
  expect(answered).toBe(false)
  stack.servers.postgres.signal('SIGCONT')
  await answer
  await sql.close()
})

test(
  'a server that dies by itself is reported and started again',
  async () => {
    const { port, product } = stack.servers.postgres
    process.kill(listenerOn(port)!.pid, 'SIGKILL')
    await waitFor(
      () => lines.some((line) => line.includes(`${product} is back`)),
      within('the restart', START_MS),
    )
    expect(lines.some((line) => line.includes(`${product} ended by itself`))).toBe(true)
    expect(listenerOn(port)).toBeDefined()
  },
  START_MS,
)

test(
  'a port that somebody takes between the look and the bind is given up for another',
  async () => {
    const { main: contested } = await choosePorts({ main: 0 })
    const squatter = createServer()
    const dir = await mkdtemp(join(dataDir, 'race-'))
    const recipe = postgres({ rootfs: rootfsPlace(), dir, logFile: `${dir}.log`, throwaway: true })
    const raced = new LocalServer(
      {
        ...recipe,
        preferred: { main: contested },
        async launch(ports, started) {
          if (ports.main === contested) {
            await new Promise<void>((resolve) => squatter.listen(contested, '127.0.0.1', resolve))
          }
          return recipe.launch(ports, started)
        },
      },
      { throwaway: true, onProblem: () => {} },
    )
    await raced.start()
    expect(raced.port).not.toBe(contested)
    expect(raced.env.POSTGRES_URL).toContain(`:${raced.port}/`)
    await raced.stop()
    squatter.close()
  },
  START_MS,
)

test(
  'another process kills a server and starts it again; what it leaves hurt is healed when it goes away',
  async () => {
    const { rabbitmq, postgres: store } = stack.servers
    const retract = announce(dataDir, stack)
    const remote = await controlStack(runningStack(dataDir)!)
    expect(remote.servers.rabbitmq).toMatchObject({ product: rabbitmq.product, port: rabbitmq.port })
    remote.servers.rabbitmq.signal('SIGKILL')
    await waitFor(() => isFree(rabbitmq.port), within('the end', START_MS))
    await remote.servers.rabbitmq.start()
    expect(await isFree(rabbitmq.port)).toBe(false)

    await remote.servers.rabbitmq.control!(['status'])
    await expect(remote.servers.rabbitmq.control!(['nonsense'])).rejects.toThrow()
    await expect(remote.servers.postgres.control!([])).rejects.toThrow('no administration tool')

    remote.servers.postgres.signal('SIGKILL')
    await waitFor(() => isFree(store.port), within('the end', START_MS))
    await remote.stop()
    await waitFor(async () => !(await isFree(store.port)), within('the healing', START_MS))
    retract()
    expect(existsSync(join(dataDir, 'control.sock'))).toBe(false)
    expect(lines.filter((line) => line.includes('RabbitMQ ended by itself'))).toEqual([])
  },
  START_MS,
)

test(
  'two stacks never share one folder of data',
  async () => {
    await expect(startStack({ dataDir })).rejects.toThrow('is in use by another one')
    const retract = announce(dataDir, stack)
    await expect(startStack({ dataDir })).rejects.toThrow(`process ${process.pid} is using the data`)
    retract()
  },
  START_MS,
)

const within = (what: string, timeoutMs = 5_000) => ({ timeoutMs, what })

import { beforeAll, expect, test } from 'bun:test'
import { crash, inside, projectOfEnv, restart } from '../../ops/compose/project.ts'
import { converge, type Expected } from '../../ops/seed/journey.ts'
import { overHttp } from '../../ops/seed/over-http.ts'
import { waitFor } from '../../ops/wait.ts'
import { Load } from './load.ts'

// The order matters: each test finds the system that the one before left whole, and its data.

/** Of what is wrong, enough to see what it is. */
const SHOWN = 5
const scale = { command: 2, relay: 2, query: 3 }
const roles = ['command', 'relay', 'query'] as const
const project = projectOfEnv()
const services = overHttp(project.commandUrl, project.queryUrl)
const acknowledged: Expected = new Map()

beforeAll(() => project.up(scale), 300_000)

test('300 reads reach three replicas', async () => {
  const served = new Map<string, number>()
  for (let n = 0; n < 300; n++) {
    const answer = await fetch(`${project.queryUrl}/users?limit=1`)
    expect(answer.status).toBe(200)
    const replica = answer.headers.get('x-served-by') ?? ''
    served.set(replica, (served.get(replica) ?? 0) + 1)
    await answer.body?.cancel()
  }
  console.log('   reads by replica:', Object.fromEntries(served))
  expect(served.size).toBe(3)
  expect(Math.min(...served.values())).toBeGreaterThan(50)
})

test('down and up keep the ports and the data', async () => {
  const { failures } = await underLoad('undisturbed', async () => {})
  expect(failures.slice(0, SHOWN)).toEqual([])
  await project.do('down')
  await project.up(scale)
  await nothingDiffers()
})

for (const role of roles)
  test(`a ${role} that is killed takes no acknowledged write with it, and no request but those in flight`, async () => {
    const victim = role === 'relay' ? await activeRelay() : (await project.containers(role))[0]!
    let goneAtMs = 0
    const { failures } = await underLoad(`${role} killed`, async () => {
      goneAtMs = await crash(victim)
      await project.healthy(role)
    })
    const later = failures.filter(({ startedAtMs }) => startedAtMs > goneAtMs)
    expect(later.slice(0, SHOWN)).toEqual([])
    expect(failures.length).toBeLessThanOrEqual(role === 'relay' ? 0 : Load.inFlightMax)
  })

for (const role of roles)
  test(`a rolling restart of ${role} fails no request`, async () => {
    const { failures } = await underLoad(`${role} restarted one by one`, async () => {
      for (const id of await project.containers(role)) {
        await restart(id)
        await project.healthy(role)
      }
    })
    expect(failures.slice(0, SHOWN)).toEqual([])
  })

test('while no replica is ready, the answers are their own and say why', async () => {
  let attempts = 0
  const post = () => {
    const email = `away.${Date.now()}.${++attempts}@example.com`
    return services.command('POST', '/users', { first_name: 'Ada', last_name: 'Lovelace', email })
  }
  await project.do('stop', 'postgres')
  const refused = async () => {
    const { status, body } = await post()
    return status === 503 && (body as { request_id?: string }).request_id
  }
  await waitFor(refused, { timeoutMs: 30_000, what: "a service's own 503, which has a request id" })
  expect((await services.query('/users?limit=1')).status).toBe(200)
  await project.do('start', 'postgres')
  await waitFor(async () => (await post()).status === 201, { timeoutMs: 30_000, what: 'writes' })
})

test('in the end everything that was acknowledged can be read', async () => {
  expect(acknowledged.size).toBeGreaterThan(100)
  await nothingDiffers()
})

/** Runs `work` while clients write and read, and a little longer; what they were promised is held at the end. */
async function underLoad(what: string, work: () => Promise<void>): Promise<Load> {
  const load = new Load(project)
  const more = async (users: number) => {
    const enough = load.expected.size + users
    await waitFor(() => load.expected.size >= enough, { timeoutMs: 60_000, what: 'writes' })
  }
  await more(20)
  await work()
  await more(20)
  await load.stop()
  console.log(`   ${what}: ${load.requests} requests, ${load.failures.length} failed`)
  for (const [id, user] of load.expected) acknowledged.set(id, user)
  return load
}

async function nothingDiffers(): Promise<void> {
  const { different } = await converge({
    services,
    expected: acknowledged,
    concurrency: 16,
    timeoutMs: 30_000,
    onProgress: () => {},
  })
  expect(different).toEqual([])
}

async function activeRelay(): Promise<string> {
  for (const id of await project.containers('relay')) {
    const metrics = await inside(
      id,
      `console.log(await (await fetch('http://127.0.0.1:3002/metrics')).text())`,
    )
    if (/^relay_active\{.*\} 1$/m.test(metrics)) return id
  }
  throw new Error('no relay is active')
}

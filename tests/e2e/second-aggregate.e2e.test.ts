import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { copyCheckout, type CheckoutCopy } from '../support/checkout-copy.ts'
import { root } from '../support/processes.ts'
import { waitFor } from '../support/stack.ts'
import { startSystem } from '../support/system.ts'
import { walkThrough } from '../support/walk-through.ts'

const { text: doc, excerpts, steps, follow } = await walkThrough('docs/add-an-aggregate.md')

let copy: CheckoutCopy
beforeAll(async () => {
  copy = await copyCheckout()
}, 60_000)
afterAll(() => copy?.remove())

/** Its processes on servers' parts of their own, with what a test does to them. */
async function started() {
  const system = await startSystem({}, copy.path)
  const send = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${system.command.url}${path}`, {
      method,
      headers: body === undefined ? headers : { 'content-type': 'application/json', ...headers },
      ...(body === undefined ? undefined : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    return { status: answer.status, headers: answer.headers, body: text ? JSON.parse(text) : undefined }
  }
  const shown = (path: string, status: number) =>
    waitFor(
      async () => {
        const answer = await system.query.get(path)
        return answer.status === status ? answer : undefined
      },
      { timeoutMs: 15_000, what: `${status} of ${path}` },
    )
  const ops = (...args: string[]) => copy.bun(['ops/main.ts', 'ops', ...args], system.env)
  return { ...system, send, shown, ops }
}
type Started = Awaited<ReturnType<typeof started>>

const someUser = '01890a5d-ac96-774b-bcce-b302099a8057'
const books = [{ sku: 'BOOK-42', quantity: 2, price: 1990 }]
const wish = (number: string) => ({ number, user_id: someUser.toUpperCase(), items: books })

const rulesOfAggregates = [
  'test',
  '--timeout=60000',
  'tests/architecture',
  '--test-name-pattern',
  '^(?!tidiness)',
]

describe('orders beside users, by the steps of docs/add-an-aggregate.md', () => {
  test('its snippets are those of the files', async () => {
    expect(excerpts.length).toBeGreaterThanOrEqual(5)
    for (const { from, text } of excerpts)
      expect(await readFile(join(root, 'examples/orders', from), 'utf8')).toContain(text)
  })

  test('nothing differs but its folders, its events, its migration and the lists', async () => {
    await follow(copy, 'always')
    const own =
      /^(command|query)\/orders\/|^shared\/events\/orders\.ts$|^command\/migrations\/\d+-orders\.ts$/
    const lists = ['command/aggregates.ts', 'command/migrations/index.ts', 'query/read-models.ts']
    const changed = await copy.changed()
    expect(changed.filter((path) => !own.test(path))).toEqual(lists)
    expect(changed.length).toBe(lists.length + 5)
    await follow(copy, 'made')
    const made = (await copy.changed()).filter((path) => !changed.includes(path))
    expect(made.filter((path) => !/^docs\/schemas\/orders\.order\.\w+\.v1\.json$/.test(path))).toEqual([
      'docs/asyncapi.json',
    ])
    expect(made.length).toBe(1 + 4)
  })

  test('a side is 80 lines of code at most, and the walk-through has the figures', async () => {
    const linesOf = async (...paths: string[]) => {
      const texts = await Promise.all(paths.map((path) => copy.read(path)))
      return texts
        .join('\n')
        .split('\n')
        .filter((line) => !/^\s*($|\/\/|\/?\*)/.test(line)).length
    }
    const lines = {
      'shared/events/orders.ts': await linesOf('shared/events/orders.ts'),
      'command/orders/': await linesOf('command/orders/index.ts', 'command/orders/routes.ts'),
      'command/migrations/20270101000000-orders.ts': await linesOf(
        'command/migrations/20270101000000-orders.ts',
      ),
      'query/orders/': await linesOf('query/orders/index.ts'),
    }
    console.log(
      Object.entries(lines)
        .map(([where, count]) => `${where} ${count} lines`)
        .join(', '),
    )
    expect(lines['command/orders/']).toBeLessThanOrEqual(80)
    expect(lines['query/orders/']).toBeLessThanOrEqual(80)
    for (const [where, count] of Object.entries(lines)) expect(doc).toContain(`\`${where}\` | ${count} |`)
  })

  test('types, the rules of the architecture and the contracts hold', () => {
    expect(copy.bun(['check', '--no-script']).failure).toBe('')
    const rules = copy.bun([
      ...rulesOfAggregates,
      'tests/contract/openapi',
      'tests/contract/samples/samples',
      'tests/contract/events/contracts',
    ])
    expect(rules.failure).toBe('')
  }, 120_000)

  describe('started', () => {
    let system: Started
    beforeAll(async () => {
      system = await started()
    }, 60_000)
    afterAll(() => system?.stop())

    test('what the walk-through tries is answered as it says', async () => {
      const [block] = steps('try')
      const tries = [...block!.text.matchAll(/^# (\d{3}).*\n((?:[^#\n].*\n)+)/gm)]
      expect(tries.length).toBe(4)
      for (const [, status, command] of tries) {
        const script = command!
          .replaceAll('http://localhost:3000', system.command.url)
          .replaceAll('http://localhost:3001', system.query.url)
        const output = await waitFor(
          async () => {
            const shell = Bun.spawn(['bash', '-c', script], { stderr: 'ignore' })
            const text = await new Response(shell.stdout).text()
            // The read side shows a write a moment later.
            return script.includes(system.query.url) && !text.includes('A-1001') ? undefined : text
          },
          { timeoutMs: 15_000, what: script },
        )
        expect(output).toStartWith(`HTTP/1.1 ${status} `)
      }
    }, 60_000)

    test('placed, cancelled and purged, each with its event, once', async () => {
      const { send, shown } = system
      const key = { 'idempotency-key': '"an order of mine"' }
      const placed = await send('POST', '/orders', wish('B-1'), key)
      expect([placed.status, placed.body]).toMatchObject([
        201,
        { ...wish('B-1'), user_id: someUser, status: 'placed', cancelled_at: null, version: 1 },
      ])
      const { id } = placed.body
      expect(placed.headers.get('location')).toEndWith(`/orders/${id}`)
      expect(placed.headers.get('consistency-token')).toBeString()
      const again = await send('POST', '/orders', wish('B-1'), key)
      expect([again.headers.get('idempotency-replayed'), again.body]).toEqual(['true', placed.body])
      const taken = await send('POST', '/orders', wish('B-1'))
      expect([taken.status, taken.body.errors]).toEqual([
        409,
        [{ pointer: '/number', detail: 'is taken already' }],
      ])
      expect((await shown(`/orders/${id}`, 200)).body).toEqual(placed.body)

      const cancel = (headers = {}) => send('PUT', `/orders/${id}/cancellation`, undefined, headers)
      expect((await cancel({ 'if-match': '"7"' })).status).toBe(412)
      const cancelled = await cancel({ 'if-match': '"1"' })
      expect([cancelled.status, cancelled.headers.get('etag'), cancelled.body.status]).toEqual([
        200,
        '"2"',
        'cancelled',
      ])
      expect((await cancel()).body).toEqual(cancelled.body)

      await waitFor(async () => (await system.query.get(`/orders/${id}`)).body?.version === 2, {
        timeoutMs: 15_000,
        what: 'the cancellation',
      })
      expect((await send('DELETE', `/orders/${id}`)).status).toBe(204)
      await shown(`/orders/${id}`, 404)
      expect((await cancel()).status).toBe(404)
      expect((await send('POST', '/orders', wish('B-1'))).status).toBe(201)
    }, 60_000)

    test('listed by status and by user, in pages', async () => {
      const { send, query } = system
      const other = '01890a5d-ac96-774b-bcce-b302099a0007'
      const ids: string[] = []
      for (const number of ['C-3', 'C-1', 'C-2'])
        ids.push((await send('POST', '/orders', { ...wish(number), user_id: other })).body.id)
      await send('PUT', `/orders/${ids[1]}/cancellation`)
      const numbers = async (filter: string) => {
        const { body } = await query.get(`/orders?user_id=${other}&${filter}`)
        return body?.items?.map(({ number }: { number: string }) => number)
      }
      await waitFor(async () => (await numbers('status=cancelled'))?.length === 1, {
        timeoutMs: 15_000,
        what: 'the cancelled one',
      })
      await waitFor(async () => (await numbers(''))?.length === 3, { timeoutMs: 15_000, what: 'all three' })
      expect(await numbers('status=cancelled')).toEqual(['C-1'])
      expect(await numbers('status=placed&sort=-number')).toEqual(['C-3', 'C-2'])
      const first = (await query.get(`/orders?user_id=${other}&sort=number&limit=2`)).body
      expect(await numbers(`sort=number&limit=2&cursor=${first.next_cursor}`)).toEqual(['C-3'])
      expect((await query.get('/orders?status=lost')).status).toBe(422)
    }, 60_000)

    test('both Swagger documents show it, and users go on beside it', async () => {
      const { send, shown, command, query } = system
      const paths = async (url: string) =>
        Object.keys(((await (await fetch(`${url}/swagger/json`)).json()) as { paths: object }).paths)
      expect(await paths(command.url)).toEqual(
        expect.arrayContaining(['/orders', '/orders/{id}', '/orders/{id}/cancellation', '/users']),
      )
      expect(await paths(query.url)).toEqual(expect.arrayContaining(['/orders', '/orders/{id}', '/users']))
      const ada = { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com' }
      const { body } = await send('POST', '/users', ada)
      expect((await shown(`/users/${body.id}`, 200)).body).toMatchObject(ada)
      const counted = (await command.get('/metrics')).text
      for (const labels of ['aggregate="orders",command="place"', 'aggregate="users",command="create"'])
        expect(counted.includes(`commands_total{${labels},outcome="stored"`), labels).toBe(true)
    }, 30_000)

    test('the verbs of an operator take it like any other: verify, trace, replay, rebuild, status', async () => {
      const { send, shown, ops } = system
      const { id } = (await send('POST', '/orders', wish('D-1'))).body
      await shown(`/orders/${id}`, 200)
      for (const { text } of steps('ops'))
        for (const line of text.trim().split('\n')) {
          const { failure } = ops(...line.replace('bun run ops -- ', '').split(' '))
          expect([line, failure]).toEqual([line, ''])
        }
      const finished = ops('rebuild', 'orders', '--finish', '--yes')
      expect(finished.failure).toBe('')
      expect((await shown(`/orders/${id}`, 200)).body).toMatchObject({ number: 'D-1', version: 1 })
      const replayed = ops('replay', '--aggregate', `orders/${id}`, '--reason', 'a test', '--wait')
      expect(replayed.failure).toBe('')
      const traced = ops('trace', 'orders', id)
      expect([traced.failure, traced.output]).toEqual(['', expect.stringContaining('orders.order.placed.v1')])
      expect(ops('verify').failure).toBe('')
      await waitFor(() => ops('status').failure === '', { timeoutMs: 30_000, what: 'a status of 0' })
    }, 120_000)
  })
})

describe('orders in place of users', () => {
  test('nothing that runs in production speaks of users any more', async () => {
    await follow(copy, 'replace')
    await follow(copy, 'made')
    expect(await copy.read('docs/asyncapi.json')).not.toContain('users.user')
    const { output } = copy.bun(['check', '--no-script'])
    const wrong = [
      ...new Set([...output.matchAll(/^(\S+\.ts)\(\d+,\d+\): error/gm)].map(([, file]) => file!)),
    ]
    const triesTheSystem = /\.test\.ts$|\/testing\/|^tests\/|^ops\/(faults|seed|demo|load)\/|^load-tests\//
    expect(wrong.filter((file) => !triesTheSystem.test(file))).toEqual([])
    expect(wrong).toContain('tests/contract/command-app.entry.ts')
    const rules = copy.bun(rulesOfAggregates)
    expect(rules.failure).toBe('')
    const spoken = copy.search(/['"`/]users?\b['"`/]/, /^(command|query|shared)\/.*\.ts$/)
    expect((await spoken).filter((file) => !triesTheSystem.test(file))).toEqual([])
  }, 60_000)

  test('the services start, and work', async () => {
    const { send, shown, ops, stop } = await started()
    try {
      const { status, body } = await send('POST', '/orders', wish('E-1'))
      expect(status).toBe(201)
      expect((await shown(`/orders/${body.id}`, 200)).body).toEqual(body)
      expect((await send('POST', '/users', {})).status).toBe(404)
      const verified = ops('verify', '--deep')
      expect(verified.failure).toBe('')
    } finally {
      await stop()
    }
  }, 60_000)
})

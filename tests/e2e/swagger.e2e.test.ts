import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { choosePorts } from '../../ops/stack/ports.ts'
import { findChromium } from '../../ops/chromium.ts'
import { howToGetChromium, startBrowser, type Browser } from '../support/browser.ts'
import { waitFor } from '../support/stack.ts'
import { swaggerForm } from '../support/swagger-form.ts'
import { startSystem, type RunningSystem } from '../support/system.ts'

const artifacts = join(import.meta.dirname, '../../.ci/artifacts/pages')
const executable = findChromium()

if (executable === undefined)
  test('the pages are not tried where there is no browser', () => {
    // Whoever has none still gets a result for everything else.
    if (process.env['CI']) throw new Error(howToGetChromium)
    console.warn(howToGetChromium)
  })
else describe('the pages work in a browser', () => inBrowser(executable))

function inBrowser(executablePath: string) {
  let system: RunningSystem
  let urls: { command: string; query: string }
  let browser: Browser

  beforeAll(async () => {
    // Chosen beforehand: each service has to know the other's.
    const ports = await choosePorts({ command: 0, query: 0 })
    urls = { command: `http://localhost:${ports.command}`, query: `http://localhost:${ports.query}` }
    system = await startSystem({
      COMMAND_PORT: String(ports.command),
      QUERY_PORT: String(ports.query),
      COMMAND_PUBLIC_URL: urls.command,
      QUERY_PUBLIC_URL: urls.query,
    })
    browser = await startBrowser(executablePath)
    await mkdir(artifacts, { recursive: true })
  }, 60_000)

  afterAll(async () => {
    await browser?.close()
    await system.stop()
  })

  async function openApi(side: 'command' | 'query', search = ''): Promise<Page> {
    const page = await browser.open(`${urls[side]}/swagger${search}`)
    await page.locator('.opblock').first().waitFor()
    return page
  }

  async function shoot(page: Page, name: string): Promise<void> {
    for (const colorScheme of ['dark', 'light'] as const) {
      await page.emulateMedia({ colorScheme })
      await page.screenshot({ path: join(artifacts, `${name}-${colorScheme}.png`), animations: 'disabled' })
    }
  }

  const isReadable = (id: string) =>
    waitFor(async () => (await fetch(`${urls.query}/users/${id}`)).ok, {
      timeoutMs: 10_000,
      what: 'the user',
    })

  for (const side of ['command', 'query'] as const)
    test(`every operation of the ${side} service succeeds twice with what its form came with`, async () => {
      const page = await openApi(side)
      await shoot(page, `${side}-swagger`)
      const expected = await operationsOf(urls[side])
      expect(await page.locator('.opblock').count()).toBe(expected.length)
      const statuses: Record<string, number[]> = {}
      for (const operation of expected) {
        const form = swaggerForm(page, operation)
        await form.tryOut()
        statuses[operation.operationId] = [(await form.execute()).status(), (await form.execute()).status()]
        await form.block.evaluate('element => element.scrollIntoView()')
        if (operation.path.startsWith('/users')) await shoot(page, `${side}-${operation.operationId}`)
        // What answers another operation than the one before is easier to see alone.
        await form.block.locator('.opblock-summary-control').click()
        const id = await form.id()
        if (side === 'command' && id) await isReadable(id)
      }
      const success: Record<string, number> = { createUser: 201, deleteUser: 204 }
      expect(statuses).toEqual(
        Object.fromEntries(
          expected.map(({ operationId }) => [operationId, Array(2).fill(success[operationId] ?? 200)]),
        ),
      )
      expect(browser.complaints()).toEqual([])
    }, 90_000)

  test('a user created on one page is found on the other, and by the way back', async () => {
    const command = await openApi('command')
    const create = swaggerForm(command, { operationId: 'createUser', method: 'post', path: '/users' })
    await create.tryOut()
    const created = await (await create.execute()).json()
    await isReadable(created.id)

    // As someone who follows the link, and as someone who simply opens the other page.
    const follow = async () => {
      await command.locator('#example a').click()
      // It opens the form that it is about.
      await command.locator('.opblock.is-open .try-out__btn.cancel').waitFor()
    }
    await follow()
    for (const open of [async () => command, () => openApi('query')]) {
      const page = await open()
      const get = swaggerForm(page, { operationId: 'getUser', method: 'get', path: '/users/{id}' })
      await get.tryOut()
      expect(await get.id()).toBe(created.id)
      expect(await (await get.execute()).json()).toEqual(created)
      const list = swaggerForm(page, { operationId: 'listUsers', method: 'get', path: '/users' })
      await list.tryOut()
      expect((await (await list.execute()).json()).items[0]).toEqual(created)
    }

    await command.bringToFront()
    await follow()
    const replace = swaggerForm(command, { operationId: 'replaceUser', method: 'put', path: '/users/{id}' })
    await replace.tryOut()
    expect(await replace.id()).toBe(created.id)
    expect(await (await replace.execute()).json()).toMatchObject({
      id: created.id,
      last_name: 'King',
      version: 2,
    })
    expect(browser.complaints()).toEqual([])
  }, 60_000)

  test('a page that was open before shows what was created since, when it is looked at again', async () => {
    const query = await openApi('query')
    const get = swaggerForm(query, { operationId: 'getUser', method: 'get', path: '/users/{id}' })
    await get.tryOut()
    const { id } = await createUser(urls.command)
    await isReadable(id)
    await query.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    await get.block.locator(`input[value="${id}"]`).waitFor()
    expect((await get.execute()).status()).toBe(200)
  }, 30_000)

  test('what the reader typed is sent as it is, and stays', async () => {
    const { id } = await createUser(urls.command)
    const page = await openApi('command')
    const replace = swaggerForm(page, { operationId: 'replaceUser', method: 'put', path: '/users/{id}' })
    await replace.tryOut()
    await replace.block.locator('tr[data-param-name="id"] input').fill(id)
    const create = swaggerForm(page, { operationId: 'createUser', method: 'post', path: '/users' })
    await create.tryOut()
    const typed = JSON.stringify({ first_name: 'Grace', last_name: 'Hopper', email: 'grace@example.com' })
    await create.block.locator('textarea').fill(typed)
    expect((await create.execute()).status()).toBe(201)
    expect((await create.execute()).status()).toBe(409)
    expect(await create.block.locator('textarea').inputValue()).toBe(typed)
    expect(await replace.id()).toBe(id)
    expect(await (await replace.execute()).json()).toMatchObject({ id, version: 2 })
    await create.block.getByRole('button', { name: 'Reset' }).click()
    expect((await create.execute()).status()).toBe(201)
    // A browser reports each answer of 4xx.
    expect(browser.complaints()).toEqual([expect.stringContaining('409')])
  }, 60_000)

  test('a key that the reader typed makes the next press a repeat, and other content a mistake', async () => {
    const page = await openApi('command')
    const create = swaggerForm(page, { operationId: 'createUser', method: 'post', path: '/users' })
    await create.tryOut()
    const key = create.block.locator('tr[data-param-name="Idempotency-Key"] input')
    const body = create.block.locator('textarea')
    const filledIn = [await key.inputValue()]
    await create.execute()
    filledIn.push(await key.inputValue())
    expect(filledIn[0]).toMatch(/^[0-9a-f-]{36}$/)
    expect(filledIn[1]).not.toBe(filledIn[0])

    await key.fill(`typed-${crypto.randomUUID()}`)
    const [first, second] = [await create.execute(), await create.execute()]
    await create.block.evaluate('element => element.scrollIntoView()')
    await shoot(page, 'command-repeat')
    expect([first.status(), first.headers()['idempotency-replayed']]).toEqual([201, undefined])
    expect([second.status(), second.headers()['idempotency-replayed']]).toEqual([201, 'true'])
    expect(await second.json()).toEqual(await first.json())
    await create.block.getByText('idempotency-replayed: true', { exact: true }).waitFor()
    await body.fill((await body.inputValue()).replace('Ada', 'Grace'))
    expect((await create.execute()).status()).toBe(422)

    const remove = swaggerForm(page, { operationId: 'deleteUser', method: 'delete', path: '/users/{id}' })
    await remove.tryOut()
    const removeKey = remove.block.locator('tr[data-param-name="Idempotency-Key"] input')
    await removeKey.fill(`typed-${crypto.randomUUID()}`)
    const pattern = '**/users/*'
    const press = async () => {
      const answered = page.waitForResponse(pattern)
      await remove.block.getByRole('button', { name: 'Execute' }).click()
      return answered
    }
    const removed = [await press(), await press()]
    expect(removed.map((answer) => answer.status())).toEqual([204, 204])
    expect(await removed[1]!.headerValue('idempotency-replayed')).toBe('true')
    // A browser reports each answer of 4xx.
    expect(browser.complaints()).toEqual([expect.stringContaining('422')])
  }, 60_000)

  test('the start page of each tells how both are', async () => {
    for (const side of ['command', 'query'] as const) {
      const page = await browser.open(urls[side])
      for (const card of await page.locator('article').all())
        await card.locator('h2 [data-state=ok]', { hasText: 'ready' }).waitFor()
      await page.locator('#lag', { hasText: /\d (ms|s)$/ }).waitFor()
      await page.locator('#heartbeat', { hasText: /\d (ms|s) ago$/ }).waitFor()
      await page.locator('#pipeline', { hasText: 'flowing' }).waitFor()
      await shoot(page, `${side}-start`)
    }
    expect(browser.complaints()).toEqual([])
  }, 60_000)

  test('no page asks for anything from elsewhere', async () => {
    for (const url of Object.values(urls))
      for (const path of ['/', '/swagger'])
        await (await browser.open(url + path)).waitForLoadState('networkidle')
    // Of all that the tests before opened and pressed, too.
    const origins = new Set(browser.requests.map((url) => new URL(url).origin))
    expect([...origins].sort()).toEqual(Object.values(urls).sort())
  }, 60_000)

  test('a start page notices when the other service is gone', async () => {
    const page = await browser.open(urls.command)
    await page.locator('#pipeline', { hasText: 'flowing' }).waitFor()
    await system.query.stop()
    await page.locator('article', { hasText: urls.query }).locator('h2 [data-state=unreachable]').waitFor()
    await page.locator('#pipeline', { hasText: 'no answer' }).waitFor()
    await shoot(page, 'command-start-without-query')
  }, 60_000)
}

async function operationsOf(url: string) {
  const { paths } = (await (await fetch(`${url}/swagger/json`)).json()) as {
    paths: Record<string, Record<string, { operationId: string }>>
  }
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId }]) => ({ path, method, operationId })),
  )
}

async function createUser(url: string): Promise<{ id: string }> {
  const email = `${crypto.randomUUID()}@example.com`
  const answer = await fetch(`${url}/users`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ first_name: 'Ada', last_name: 'Byron', email }),
  })
  return (await answer.json()) as { id: string }
}

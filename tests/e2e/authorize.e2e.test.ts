import { expect, test } from 'bun:test'
import { findChromium } from '../../ops/chromium.ts'
import { choosePorts } from '../../ops/stack/ports.ts'
import { makeToken } from '../../ops/tokens.ts'
import { howToGetChromium, startBrowser } from '../support/browser.ts'
import { startProcess } from '../support/processes.ts'

const executable = findChromium()

if (executable === undefined)
  test('the pages are not tried where there is no browser', () => {
    if (process.env['CI']) throw new Error(howToGetChromium)
    console.warn(howToGetChromium)
  })
else
  test('the API page asks for a token, opens with one that will do, and hands it to Authorize', async () => {
    const auth = { AUTH_SECRET: 's'.repeat(40), AUTH_ISSUER: 'here', AUTH_AUDIENCE: 'api' }
    const { port } = await choosePorts({ port: 0 })
    const command = await startProcess('command', {
      POSTGRES_URL: 'postgres://nobody@127.0.0.1:1/none',
      COMMAND_PORT: String(port),
      // Both cards of the home page are then of a service that asks for a token.
      QUERY_PUBLIC_URL: `http://localhost:${port}`,
      ...auth,
    })
    const browser = await startBrowser(executable)
    const token = (scope: string) => makeToken({ subject: 'ada', scope }, auth)
    try {
      const url = command.url.replace('127.0.0.1', 'localhost')
      browser.context.setDefaultTimeout(90_000)
      const page = await browser.open(`${url}/swagger`)
      const field = page.locator('input[aria-label="Token"]')
      await field.fill(await token('users:write'))
      await page.getByRole('button', { name: 'Open' }).click()
      await page.getByText('it takes the scope ops').waitFor()
      await field.fill(await token('ops users:write'))
      await field.press('Enter')
      await page.locator('.opblock').first().waitFor()
      // Authorized: the lock is closed, and what is tried carries the token.
      await page.locator('.authorize.locked').waitFor()
      const block = page.locator('.opblock[id$="-createUser"]')
      await block.locator('.opblock-summary-control').click()
      await block.getByRole('button', { name: 'Try it out' }).click()
      const sent = page.waitForRequest((request) => request.method() === 'POST')
      await block.getByRole('button', { name: 'Execute' }).click()
      expect((await sent).headers()['authorization']).toStartWith('Bearer ey')
      const home = await browser.open(`${url}/`)
      await home.getByText('asks for a token').waitFor()
    } finally {
      await browser.close()
      await command.stop()
    }
  }, 240_000)

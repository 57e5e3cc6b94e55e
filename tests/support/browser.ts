import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from 'playwright-core'

export const howToGetChromium =
  'The pages are tried in Chromium, and there is none: apt-get install --no-install-recommends chromium'

export interface Browser {
  readonly context: BrowserContext
  /** Everything that any page asked for, but for what it had inline. */
  readonly requests: readonly string[]
  /** What any page complained about since the last call. */
  complaints(): string[]
  open(url: string): Promise<Page>
  close(): Promise<void>
}

/** A browser with nothing remembered, on a machine whose network ends at the loopback address. */
export async function startBrowser(executablePath: string): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'chromium-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    viewport: { width: 1200, height: 1000 },
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE localhost',
    ],
  })
  const requests: string[] = []
  let complaints: string[] = []
  context.on('request', (request) => {
    if (!request.url().startsWith('data:')) requests.push(request.url())
  })
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(error.error().message))
  return {
    context,
    requests,
    complaints() {
      const since = complaints
      complaints = []
      return since
    },
    async open(url) {
      const page = await context.newPage()
      await page.goto(url)
      return page
    },
    async close() {
      await context.close()
      await rm(profile, { recursive: true, force: true })
    },
  }
}

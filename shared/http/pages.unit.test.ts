import { describe, expect, test } from 'bun:test'
import { createHealth } from '../process/health.ts'
import { silentLogger } from '../process/log.ts'
import { createHttpApp } from './app.ts'
import type { Asset } from './assets.ts'
import { prefersJson } from './weighted.ts'

const script = 'globalThis.loaded = true\n'.repeat(200)
let reads = 0
let readable = true
const asset: Asset = {
  name: 'swagger.js',
  mediaType: 'text/javascript; charset=utf-8',
  async read() {
    reads++
    if (!readable) throw new Error('no such file')
    return new TextEncoder().encode(script)
  },
}
const app = createHttpApp({
  title: 'Things & <more>',
  description: 'For "tests"',
  log: silentLogger,
  health: createHealth({ ready: [], pipeline: [] }),
  metricsText: async () => '',
  pages: { assets: [asset], other: { title: 'Other service', url: 'https://other.example:8443' } },
})
const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  app.handle(new Request(`http://localhost${path}`, { method, headers }))
const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8'

describe.each(['/', '/swagger'])('the page at %s', (path) => {
  test('is HTML in UTF-8 that runs no foreign and no inline script', async () => {
    const response = await get(path, { accept: browser })
    const html = await response.text()
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8')
    expect(html).toContain('<meta charset="utf-8">')
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    const policy = response.headers.get('content-security-policy')!
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self';")
    expect(policy).not.toMatch(/unsafe|\*/)
    expect(html).not.toMatch(/<script(?![^>]* src="\/assets\/)|<style|\son\w+=|\sstyle=/)
    const addresses = [...html.matchAll(/(?:src|href)="(?!\/|https:\/\/other\.example:8443)[^"]*/g)]
    expect(addresses).toEqual([])
  })
  test('is there whatever the client accepts, and shows what it is given as text', async () => {
    const html = await (await get(path, { accept: 'text/html' })).text()
    expect(html).toContain('Things &amp; &lt;more&gt;')
    expect(html).not.toContain('<more>')
  })
})

test('the start page may ask the other service, and the API’s page its own alone', async () => {
  const policyOf = async (path: string) => (await get(path)).headers.get('content-security-policy')
  expect(await policyOf('/')).toContain("connect-src 'self' https://other.example:8443;")
  expect(await policyOf('/swagger')).toContain("connect-src 'self';")
})

test('a program gets the links of the start page as JSON', async () => {
  const response = await get('/', { accept: 'application/json' })
  expect(response.headers.get('content-type')).toStartWith('application/json')
  expect(response.headers.get('vary')).toBe('Accept, Origin')
  const { links, other } = (await response.json()) as { links: Record<string, string>; other: object }
  expect(other).toEqual({ title: 'Other service', url: 'https://other.example:8443/' })
  for (const path of Object.values(links)) expect([path, (await get(path)).status]).toEqual([path, 200])
})

test('JSON is preferred only by who ranks it above HTML', () => {
  for (const accept of ['application/json', 'application/json, text/html;q=0.9', 'Application/JSON;q=1'])
    expect([accept, prefersJson(accept)]).toEqual([accept, true])
  for (const accept of [null, '*/*', browser, 'text/html, application/json', 'application/json;q=0'])
    expect([accept, prefersJson(accept)]).toEqual([accept, false])
})

describe('an asset', () => {
  test('is read once, and not read at all by a client that has it', async () => {
    readable = false
    expect((await get('/assets/swagger.js')).status).toBe(500)
    readable = true
    reads = 0
    const first = await get('/assets/swagger.js')
    expect(await first.text()).toBe(script)
    expect(first.headers.get('content-type')).toBe('text/javascript; charset=utf-8')
    expect(first.headers.get('x-content-type-options')).toBe('nosniff')
    expect(first.headers.get('cache-control')).toBe('no-cache')
    const etag = first.headers.get('etag')!
    const again = await get('/assets/swagger.js', { 'if-none-match': `"x", ${etag}` })
    expect([again.status, await again.text(), again.headers.get('etag')]).toEqual([304, '', etag])
    expect((await get('/assets/swagger.js', { 'if-none-match': '"x"' })).status).toBe(200)
    expect(reads).toBe(1)
  })
  test('is compressed for who can read that', async () => {
    const small = await get('/assets/swagger.js', { 'accept-encoding': 'br, gzip' })
    expect([small.headers.get('content-encoding'), small.headers.get('vary')]).toEqual([
      'gzip',
      'Accept-Encoding, Origin',
    ])
    const bytes = new Uint8Array(await small.arrayBuffer())
    expect(bytes.length).toBeLessThan(script.length / 10)
    expect(new TextDecoder().decode(Bun.gunzipSync(bytes))).toBe(script)
    const plain = await get('/assets/swagger.js', { 'accept-encoding': 'gzip;q=0, br' })
    expect([plain.headers.get('content-encoding'), await plain.text()]).toEqual([null, script])
  })
  test('that is none is 404', async () => {
    for (const name of ['nope.js', '..%2fapp.ts', 'swagger.js/'])
      expect([name, (await get(`/assets/${name}`)).status]).toEqual([
        name,
        name === 'swagger.js/' ? 200 : 404,
      ])
  })
})

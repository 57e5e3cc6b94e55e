import { describe, expect, test } from 'bun:test'
import { createHealth } from '../process/health.ts'
import { silentLogger } from '../process/log.ts'
import { createHttpApp } from './app.ts'
import { problems, type ProblemSlug } from './problems.ts'

const shell = {
  title: 'Things',
  description: 'For tests',
  log: silentLogger,
  health: createHealth({ ready: [], pipeline: [] }),
  metricsText: async () => '',
}
const app = createHttpApp({
  ...shell,
  pages: { assets: [], other: { title: 'Other service', url: 'https://other.example' } },
})
const withoutPages = createHttpApp(shell)
const get = async (path: string, accept = 'text/html', of = app, method = 'GET') => {
  const response = await of.handle(new Request(`http://localhost${path}`, { method, headers: { accept } }))
  return { status: response.status, headers: response.headers, text: await response.text() }
}
const slugs = Object.keys(problems) as ProblemSlug[]

describe('where the type of a problem leads', () => {
  for (const slug of slugs)
    test(`${slug} has a page`, async () => {
      const { status, headers, text } = await get(`/problems/${slug}`)
      expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
      expect(text).toContain(`<code>/problems/${slug}</code>`)
      expect(text).toContain(Bun.escapeHTML(problems[slug].title).replaceAll('&#x27;', '&#39;'))
      expect(text).not.toMatch(/`|undefined|<script/)
      const asJson = await get(`/problems/${slug}`, 'application/json')
      expect(asJson.headers.get('content-type')).toStartWith('application/json')
      const { title, status: its, cause, fix } = problems[slug]
      expect(JSON.parse(asJson.text)).toMatchObject({ title, status: its, cause, fix, example: { title } })
    })

  test('all of them stand on one page, and each leads to its own', async () => {
    const { status, text } = await get('/problems')
    expect(status).toBe(200)
    const linked = [...text.matchAll(/href="\/problems\/([^"]+)"/g)].map(([, slug]) => slug)
    expect(linked).toEqual(slugs)
    const { problems: listed } = JSON.parse((await get('/problems', 'application/json')).text)
    expect(listed.map(({ type }: { type: string }) => type)).toEqual(slugs.map((slug) => `/problems/${slug}`))
  })

  test('answers HEAD, tells caches that it depends on Accept, and knows no other', async () => {
    const head = await get('/problems/invalid', 'text/html', app, 'HEAD')
    expect([head.status, head.text, head.headers.get('vary')]).toEqual([200, '', 'Accept, Origin'])
    const unknown = await get('/problems/nope')
    expect([unknown.status, unknown.headers.get('content-type')]).toEqual([404, 'application/problem+json'])
    for (const name of ['__proto__', 'constructor', 'toString', ''])
      expect([name, (await get(`/problems/${name}`)).status]).toEqual([name, name === '' ? 200 : 404])
  })

  test('is JSON on a process that has no pages', async () => {
    const { status, headers } = await get('/problems/invalid', 'text/html', withoutPages)
    expect([status, headers.get('content-type')]).toEqual([200, 'application/json;charset=utf-8'])
  })
})

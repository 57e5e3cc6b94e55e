import { afterAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { homePage } from '../http/home-page.ts'
import { renderHtml } from '../http/page.ts'
import { problemsPage } from '../http/problem-pages.ts'
import { swaggerPage } from '../http/swagger-page.ts'
import { pageAssets } from './assets.ts'

const root = join(import.meta.dirname, '../..')
const folder = await mkdtemp(join(tmpdir(), 'pages-'))
afterAll(() => rm(folder, { recursive: true }))

test('the pages ask for no asset that is not there, and every script for no other', async () => {
  const names = new Set(pageAssets.map(({ name }) => name))
  const subject = { title: '', description: '', other: { title: '', url: 'http://localhost' } }
  const texts = [homePage(subject), swaggerPage(subject), problemsPage()].map(renderHtml)
  for (const { name, read } of pageAssets)
    if (name.endsWith('.js') && !name.startsWith('swagger-ui'))
      texts.push(new TextDecoder().decode(await read()))
  const wanted = texts.flatMap((text) =>
    [...text.matchAll(/"\/assets\/([^"]+)"|from '\.\/([^']+)'/g)].map(([, a, b]) => a ?? b!),
  )
  expect(wanted.length).toBeGreaterThan(8)
  expect(wanted.filter((name) => !names.has(name))).toEqual([])
  expect([...names].filter((name) => !wanted.includes(name))).toEqual([])
})

test('the scripts of the pages type-check against the browser’s own types', async () => {
  const argv = [process.execPath, 'check', '--no-script', '--project', 'shared/pages/browser']
  const check = Bun.spawn(argv, { cwd: root, stdout: 'pipe', stderr: 'pipe' })
  const output = (await new Response(check.stdout).text()) + (await new Response(check.stderr).text())
  expect([await check.exited, output]).toEqual([0, expect.stringContaining('No type errors')])
})

describe('the assets are found', () => {
  const entry = join(folder, 'entry.ts')
  const sizes = Promise.all(pageAssets.map(async ({ name, read }) => [name, (await read()).length]))
  const written = Bun.write(
    entry,
    `import { pageAssets } from ${JSON.stringify(join(import.meta.dirname, 'assets.ts'))}
     const sizes = pageAssets.map(async ({ name, read }) => [name, (await read()).length])
     console.log(JSON.stringify(await Promise.all(sizes)))`,
  )
  async function printed(argv: string[]) {
    const child = Bun.spawn(argv, { cwd: '/', stdout: 'pipe', stderr: 'inherit' })
    return JSON.parse(await new Response(child.stdout).text())
  }
  test('beside a bundle', async () => {
    await written
    const outdir = join(folder, 'bundle')
    await Bun.build({ entrypoints: [entry], target: 'bun', outdir })
    expect(await printed([process.execPath, join(outdir, 'entry.js')])).toEqual(await sizes)
  })
  test('inside a compiled binary', async () => {
    await written
    const outfile = join(folder, 'binary')
    const built = Bun.spawn(
      [process.execPath, 'build', '--compile', '--minify', entry, '--outfile', outfile],
      {
        cwd: root,
        stdout: 'ignore',
      },
    )
    expect(await built.exited).toBe(0)
    // What was built must not read the checkout's files.
    expect(await printed([outfile])).toEqual(await sizes)
  })
})

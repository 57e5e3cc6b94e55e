import { afterAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = await mkdtemp(join(tmpdir(), 'web-standard-'))
afterAll(() => rm(folder, { recursive: true }))

/** Bundles an entry for Node, runs it there, and hands out its base URL. */
async function underNode(entry: string, use: (url: string) => Promise<void>) {
  const built = await Bun.build({
    entrypoints: [join(import.meta.dirname, entry)],
    target: 'node',
    format: 'esm',
    outdir: folder,
    naming: `${entry}.mjs`,
  })
  expect(built.success).toBe(true)
  const node = Bun.spawn(['node', join(folder, `${entry}.mjs`)], { stdout: 'pipe', stderr: 'inherit' })
  try {
    const { value } = await node.stdout.getReader().read()
    await use(`http://127.0.0.1:${new TextDecoder().decode(value).trim()}`)
  } finally {
    node.kill('SIGKILL')
    await node.exited
  }
}

test('the command app runs under Node', () =>
  underNode('command-app.entry.ts', async (url) => {
    const body = JSON.stringify({ first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com' })
    const headers = { 'content-type': 'application/json' }
    const created = await fetch(`${url}/users`, { method: 'POST', body, headers })
    expect([created.status, created.headers.get('etag')]).toEqual([201, '"1"'])
    expect(await created.json()).toMatchObject({ first_name: 'Ada', version: 1 })
    const invalid = await fetch(`${url}/users`, { method: 'POST', body: '{}', headers })
    expect([invalid.status, invalid.headers.get('content-type')]).toEqual([422, 'application/problem+json'])
    expect((await fetch(`${url}/users`)).status).toBe(405)
    expect((await fetch(`${url}/swagger/json`)).status).toBe(200)
    const page = await fetch(`${url}/`, { headers: { accept: 'text/html', origin: 'http://localhost:5173' } })
    expect([page.status, page.headers.get('access-control-allow-origin')]).toEqual([
      200,
      'http://localhost:5173',
    ])
    const asset = await fetch(`${url}/assets/x.js`, { headers: { 'accept-encoding': 'gzip' } })
    expect([asset.headers.get('content-encoding'), await asset.text()]).toEqual(['gzip', '42'])
  }))

test('the query app runs under Node', () =>
  underNode('query-app.entry.ts', async (url) => {
    const found = await fetch(`${url}/users/01890a5d-ac96-774b-bcce-b302099a8057`)
    expect([found.status, found.headers.get('etag')]).toEqual([200, '"3"'])
    expect(await found.json()).toMatchObject({ last_name: 'King', version: 3 })
    expect((await fetch(`${url}/users/nonsense`)).status).toBe(422)
    expect((await fetch(`${url}/health/live`)).status).toBe(200)
  }))

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { filledIn, parseHttpFile, type HttpRequest } from '../support/http-file.ts'
import { waitFor } from '../support/stack.ts'
import { startSystem, type RunningSystem } from '../support/system.ts'

let system: RunningSystem
beforeAll(async () => {
  system = await startSystem()
}, 30_000)
afterAll(() => system.stop())

test('the requests of examples/users.http are answered as they say, one after another', async () => {
  const file = parseHttpFile(await readFile(join(import.meta.dirname, '../../examples/users.http'), 'utf8'))
  const answers: Record<string, { body: Record<string, unknown> }> = {}
  const variables: Record<string, string> = {
    ...file.variables,
    command: system.command.url,
    query: system.query.url,
    $timestamp: String(Date.now()),
  }
  const valueOf = (path: string) => {
    const [name, field] = path.split('.response.body.')
    const value = field === undefined ? variables[path] : answers[name!]?.body[field]
    if (value === undefined) throw new Error(`{{${path}}} is not known`)
    return String(value)
  }
  const send = async ({ method, url, headers, body }: HttpRequest) => {
    const answer = await fetch(filledIn(url, valueOf), {
      method,
      headers: Object.entries(headers).map(([name, value]) => [name, filledIn(value, valueOf)]),
      ...(body !== undefined && { body: filledIn(body, valueOf) }),
    })
    const text = await answer.text()
    return {
      status: answer.status,
      isReplay: answer.headers.get('idempotency-replayed') === 'true',
      body: text ? (JSON.parse(text) as Record<string, unknown>) : {},
    }
  }
  for (const request of file.requests) {
    const expected = Number(/: (\d{3})\b/.exec(request.title)?.[1] ?? 200)
    // The read side shows a write a moment later.
    const answer = await waitFor(
      async () => {
        const found = await send(request)
        return request.method !== 'GET' || found.status === expected ? found : undefined
      },
      { timeoutMs: 10_000, what: `${expected} for ${request.method} ${request.url}` },
    )
    expect(answer.status, request.title).toBe(expected)
    expect(answer.isReplay, request.title).toBe(request.title.includes('Idempotency-Replayed: true'))
    if (request.name) answers[request.name] = answer
  }
  expect(file.requests.map(({ method }) => method)).toEqual(
    expect.arrayContaining(['POST', 'GET', 'PUT', 'PATCH', 'DELETE']),
  )
  expect(file.requests.length).toBeGreaterThanOrEqual(9)
}, 60_000)

test('the variables of the file are those that npm start has', async () => {
  const file = parseHttpFile(await readFile(join(import.meta.dirname, '../../examples/users.http'), 'utf8'))
  expect(file.variables).toEqual({ command: 'http://localhost:3000', query: 'http://localhost:3001' })
})

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { waitFor } from '../support/stack.ts'
import { startProcess, type RunningProcess } from '../support/processes.ts'
import { raw } from './raw.ts'

let command: RunningProcess
beforeAll(async () => {
  command = await startProcess('command', { POSTGRES_URL: 'postgres://nobody@127.0.0.1:1/none' })
})
afterAll(() => command.stop())

const body = '{"first_name":"Ada","last_name":"Lovelace","email":"ada@example.com"}'
const head = 'POST /users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n'
/** Would be answered if what stands before it were taken to end elsewhere. */
const hidden = 'GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n'
const chunked = 'Transfer-Encoding: chunked\r\n'

describe('S7 request smuggling: one answer, 400, and the connection is closed', () => {
  const cases: Record<string, string> = {
    'a length and chunks': `${head}Content-Length: ${body.length}\r\n${chunked}\r\n0\r\n\r\n${hidden}`,
    'chunks and a length': `${head}${chunked}Content-Length: 5\r\n\r\n0\r\n\r\n${hidden}`,
    'two lengths': `${head}Content-Length: ${body.length}\r\nContent-Length: 5\r\n\r\n${body}${hidden}`,
    'a list of lengths': `${head}Content-Length: ${body.length}, 5\r\n\r\n${body}${hidden}`,
    'a negative length': `${head}Content-Length: -1\r\n\r\n${body}${hidden}`,
    'a length with a sign': `${head}Content-Length: +${body.length}\r\n\r\n${body}${hidden}`,
    'a bare line feed between headers': `GET /health/live HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n${hidden}`,
    'a bare carriage return': `GET /health/live HTTP/1.1\r\nHost: x\rX-A: b\r\n\r\n${hidden}`,
    'a bare line feed behind a chunk size': `${head}${chunked}\r\n${body.length.toString(16)}\n${body}\r\n0\r\n\r\n`,
    'an unknown transfer coding': `${head}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n${hidden}`,
    'a transfer coding twice': `${head}Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n${hidden}`,
    'a space before the colon': `${head}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n${hidden}`,
    'a chunk size that overflows': `${head}${chunked}\r\nffffffffffffffff1\r\n${body}\r\n0\r\n\r\n`,
    'a chunk size that is none': `${head}${chunked}\r\nzz\r\n${body}\r\n0\r\n\r\n`,
    'a folded header': `GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n${hidden}`,
    'NUL in a header': `GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: b\0c\r\n\r\n${hidden}`,
    'no host': `GET /health/live HTTP/1.1\r\n\r\n${hidden}`,
  }
  for (const [what, bytes] of Object.entries(cases))
    test(what, async () => {
      expect(await raw(command.url, bytes)).toMatchObject({ statuses: [400], closed: true })
    })
  test('line feeds alone from the first line on: 505, since it finds no version, and closed', async () => {
    const answer = await raw(command.url, `GET /health/live HTTP/1.1\nHost: x\n\n${hidden}`)
    expect(answer).toMatchObject({ statuses: [505], closed: true })
  })
  test('heads without measure: 431, and closed', async () => {
    const large = `GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: ${'a'.repeat(40_000)}\r\n\r\n`
    const many = Array.from({ length: 300 }, (_, n) => `X-${n}: a\r\n`).join('')
    for (const bytes of [large, `GET /health/live HTTP/1.1\r\nHost: x\r\n${many}\r\n`])
      expect(await raw(command.url, bytes)).toMatchObject({ statuses: [431], closed: true })
  })
})

describe('S6 slow clients', () => {
  const slow = 300
  const beginnings = [
    'GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: ',
    `${head}Content-Length: 1000\r\n\r\n{"first_name"`,
  ]

  test(`${slow} that never come to an end keep nobody waiting, and the silent among them are cut off`, async () => {
    const { hostname, port } = new URL(command.url)
    const silent = new Set<Socket>()
    const dripping = new Set<Socket>()
    for (let n = 0; n < slow; n++) {
      const socket = connect(Number(port), hostname, () => socket.write(beginnings[n % 2]!))
      const set = n < slow / 2 ? silent : dripping
      set.add(socket)
      socket.on('error', () => {})
      socket.on('data', () => {})
      socket.on('close', () => set.delete(socket))
    }
    const drip = setInterval(() => {
      for (const socket of dripping) socket.write('a')
    }, 1_000)
    try {
      for (let n = 0; n < 20; n++) {
        const at = performance.now()
        expect((await fetch(`${command.url}/health/live`)).status).toBe(200)
        expect(performance.now() - at).toBeLessThan(1_000)
      }
      await waitFor(async () => silent.size === 0, {
        timeoutMs: 50_000,
        what: 'the silent ones to be cut off',
      })
      expect((await fetch(`${command.url}/health/live`)).status).toBe(200)
    } finally {
      clearInterval(drip)
      for (const socket of [...silent, ...dripping]) socket.destroy()
    }
  }, 70_000)
})

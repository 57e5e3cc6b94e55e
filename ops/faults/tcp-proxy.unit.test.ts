import { afterEach, beforeEach, expect, test } from 'bun:test'
import { type Server, type Socket, connect, createServer } from 'node:net'
import { waitFor } from '../wait.ts'
import { type TcpProxy, startTcpProxy } from './tcp-proxy.ts'

let server: Server
let proxy: TcpProxy
let serverHeard = ''

/** Answers every chunk with itself. */
beforeEach(async () => {
  serverHeard = ''
  server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      serverHeard += chunk.toString()
      socket.write(chunk)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  proxy = await startTcpProxy({
    target: { host: '127.0.0.1', port: (server.address() as { port: number }).port },
  })
})

afterEach(async () => {
  await proxy.stop()
  await new Promise((resolve) => server.close(resolve))
})

test('passes bytes on, both ways, in order', async () => {
  const client = await open()
  const text = Array.from({ length: 50_000 }, (_, index) => `${index},`).join('')
  client.socket.write(text)
  await heard(client, text)
})

test('cut resets what is open and takes new connections', async () => {
  const client = await open()
  client.socket.write('one')
  await heard(client, 'one')
  proxy.cut()
  await waitFor(() => client.closed, within('the cut'))
  const next = await open()
  next.socket.write('two')
  await heard(next, 'two')
})

test('down refuses, up listens on the same port', async () => {
  const { port } = proxy
  const client = await open()
  await proxy.down()
  await waitFor(() => client.closed, within('the cut'))
  await expect(open()).rejects.toThrow()
  await proxy.up()
  expect(proxy.port).toBe(port)
  const next = await open()
  next.socket.write('again')
  await heard(next, 'again')
})

test('a muted answer is lost, while the request arrived', async () => {
  const client = await open()
  proxy.mute('toClient')
  client.socket.write('COMMIT')
  await waitFor(() => serverHeard === 'COMMIT', within('the request'))
  proxy.unmute()
  client.socket.write('next')
  await heard(client, 'next')
})

test('a muted request never arrives', async () => {
  const client = await open()
  proxy.mute('toServer')
  let seen = ''
  proxy.onData = (chunk) => void (seen += chunk.toString())
  client.socket.write('lost')
  await waitFor(() => seen === 'lost', within('the request at the proxy'))
  proxy.unmute()
  client.socket.write('found')
  await heard(client, 'found')
  expect(serverHeard).toBe('found')
})

test('a hook acts at the very bytes, and holds them as long as it likes', async () => {
  const client = await open()
  let release = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  let met = false
  proxy.onData = (chunk, direction) => {
    if (direction !== 'toServer' || !chunk.includes('COMMIT')) return undefined
    met = true
    return held
  }
  client.socket.write('COMMIT')
  await waitFor(() => met, within('the hook'))
  expect(serverHeard).toBe('')
  release()
  await heard(client, 'COMMIT')
})

test('a URL keeps all but its host and port', () => {
  const { port } = proxy
  expect(proxy.url('postgres://a:b@127.0.0.1:5432/commands?x=1')).toBe(
    `postgres://a:b@127.0.0.1:${port}/commands?x=1`,
  )
  expect(proxy.url('mongodb://127.0.0.1:27017/q?directConnection=true')).toBe(
    `mongodb://127.0.0.1:${port}/q?directConnection=true`,
  )
  expect(proxy.url('amqp://guest:guest@localhost')).toBe(`amqp://guest:guest@127.0.0.1:${port}`)
})

interface Client {
  socket: Socket
  received: string
  closed: boolean
}

function open(): Promise<Client> {
  return new Promise((resolve, reject) => {
    const socket = connect(proxy.port, '127.0.0.1')
    const client: Client = { socket, received: '', closed: false }
    socket.on('data', (chunk) => (client.received += chunk.toString()))
    socket.once('error', reject)
    socket.once('close', () => (client.closed = true))
    socket.once('connect', () => resolve(client))
  })
}

const heard = (client: Client, text: string) =>
  waitFor(() => client.received === text, within(text.slice(0, 20)))

const within = (what: string) => ({ timeoutMs: 2_000, what, intervalMs: 5 })

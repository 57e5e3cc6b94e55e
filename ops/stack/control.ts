import { rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import type { Stack } from './index.ts'
import type { RunningStack } from './running.ts'
import type { Server, ServerName } from './server.ts'

/** One line of JSON each way; requests of one connection are carried out in their order. */
interface Request {
  readonly id: number
  readonly server: ServerName
  /** `keep`: what the server's own tool was told is meant to stay, or was taken back. */
  readonly action: 'start' | 'stop' | 'signal' | 'control' | 'keep'
  readonly signal?: NodeJS.Signals
  readonly args?: readonly string[]
}
interface Reply {
  readonly id: number
  readonly error?: string
}

/** A path that the kernel can name a socket by. */
const pathMax = 100

/**
 * Lets other processes of this user hurt and heal the servers of the stack that this one holds. Whoever goes away
 * without healing what it hurt has it healed.
 * @returns what ends it; undefined where the path is too long for a socket
 */
export function serveControl(path: string, servers: Record<ServerName, Server>): (() => void) | undefined {
  if (path.length > pathMax) return undefined
  // Of a process that was killed.
  rmSync(path, { force: true })
  const sockets = new Set<Socket>()
  const over = new AbortController()
  const listening = createServer((socket) => {
    sockets.add(socket)
    void serve(socket, servers, over.signal).finally(() => sockets.delete(socket))
  })
  // A file system without sockets is no reason to end.
  listening
    .on('error', () => {})
    .listen(path)
    .unref()
  return () => {
    over.abort()
    listening.close()
    for (const socket of sockets) socket.destroy()
    rmSync(path, { force: true })
  }
}

async function serve(socket: Socket, servers: Record<ServerName, Server>, over: AbortSignal): Promise<void> {
  const marks: Marks = { hurt: new Set(), told: new Set() }
  socket.on('error', () => {})
  for await (const line of createInterface({ input: socket })) {
    const { id, ...request } = JSON.parse(line) as Request
    const reply: Reply = await carryOut(request, servers[request.server], marks).then(
      () => ({ id }),
      (error: Error) => ({ id, error: error.message }),
    )
    if (!socket.destroyed) socket.write(`${JSON.stringify(reply)}\n`)
  }
  // At the end of the stack they are stopped already, and stay so.
  if (over.aborted) return
  for (const server of marks.hurt) server.signal('SIGCONT')
  // What its tool was told lasts no longer than the server does.
  for (const server of marks.told) await server.stop().catch(() => {})
  for (const server of marks.hurt.union(marks.told)) await server.start().catch(() => {})
}

/** What one connection has done to servers and not put right. */
interface Marks {
  readonly hurt: Set<Server>
  readonly told: Set<Server>
}

async function carryOut(
  { action, signal, args = [] }: Omit<Request, 'id'>,
  server: Server,
  { hurt, told }: Marks,
): Promise<void> {
  switch (action) {
    case 'start':
      await server.start()
      hurt.delete(server)
      return
    case 'stop':
      hurt.add(server)
      return server.stop()
    case 'signal':
      hurt.add(server)
      server.signal(signal!)
      if (signal === 'SIGCONT') hurt.delete(server)
      return
    case 'control':
      told.add(server)
      if (!server.control) throw new Error(`${server.name} has no administration tool here`)
      return server.control(args)
    case 'keep':
      told.delete(server)
      return
    default:
      action satisfies never
  }
}

/**
 * The servers of a stack that another process holds. `stop` ends the connection alone: they go on, healed. What their
 * own tools were told stays then, and is undone only where this process ends without `stop`.
 * @throws when nobody listens there
 */
export async function controlStack(running: RunningStack): Promise<Stack> {
  if (!running.control) throw new Error(`process ${running.pid} does not let its servers be controlled`)
  const socket = connect(running.control)
  const waiting = new Map<number, PromiseWithResolvers<void>>()
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  socket
    .on('error', () => {})
    .on('close', () => {
      for (const { reject } of waiting.values()) reject(new Error('the process that holds the stack is gone'))
    })
  createInterface({ input: socket }).on('line', (line) => {
    const { id, error } = JSON.parse(line) as Reply
    const request = waiting.get(id)
    waiting.delete(id)
    if (error === undefined) request?.resolve()
    else request?.reject(new Error(error))
  })
  let sent = 0
  const ask = (request: Omit<Request, 'id'>): Promise<void> => {
    const id = ++sent
    const answered = Promise.withResolvers<void>()
    waiting.set(id, answered)
    socket.write(`${JSON.stringify({ id, ...request })}\n`)
    return answered.promise
  }
  const servers = running.servers.map(({ name, product, port }): Server => ({
    name,
    product,
    port,
    external: product === 'external',
    start: () => ask({ server: name, action: 'start' }),
    stop: () => ask({ server: name, action: 'stop' }),
    control: (args) => ask({ server: name, action: 'control', args }),
    signal(signal) {
      if (product === 'external') throw new Error(`${name} is not ours: a setting names it`)
      // Nobody waits for it: requests keep their order, and a connection that is lost shows at the next start.
      ask({ server: name, action: 'signal', signal }).catch(() => {})
    },
  }))
  return {
    env: running.env,
    servers: Object.fromEntries(servers.map((server) => [server.name, server])) as Stack['servers'],
    async stop() {
      await Promise.all(
        running.servers.map(({ name }) => ask({ server: name, action: 'keep' }).catch(() => {})),
      )
      socket.end()
    },
  }
}

import { type Socket, connect, createServer } from 'node:net'

export type Direction = 'toServer' | 'toClient'

export interface TcpProxy {
  /** Where clients connect; the same after `up()`. */
  readonly port: number
  /** The same URL by way of the proxy. */
  url(targetUrl: string): string
  /**
   * Sees every chunk before it is passed on, and decides when it is: at once, or when the promise resolves. Thus a
   * test acts exactly when, say, COMMIT passes. A chunk that meets a `mute` is not passed on.
   */
  onData: ((chunk: Buffer, direction: Direction) => void | Promise<void>) | undefined
  /** Refuses: closes the listener and cuts all connections. */
  down(): Promise<void>
  /** Listens again. */
  up(): Promise<void>
  /** Resets all connections; new ones are welcome. */
  cut(): void
  /** Swallows what comes that way, on present and new connections: a network that went silent. */
  mute(direction: Direction | 'both'): void
  /** What was swallowed is lost: a stream protocol can go on only over a new connection, so `cut()` as well. */
  unmute(): void
  stop(): Promise<void>
}

export interface TcpProxyOptions {
  target: { host: string; port: number }
  /** Zero, the default, takes any. */
  port?: number
}

/** Stands between a client and a server, on 127.0.0.1, and fails in the ways in which networks do. */
export async function startTcpProxy({ target, port = 0 }: TcpProxyOptions): Promise<TcpProxy> {
  const connections = new Set<Socket>()
  const muted = new Set<Direction>()
  let bound = port

  const server = createServer({ pauseOnConnect: true }, (client) => {
    // Accepted before `down`, and told of after it.
    if (!server.listening) return void client.resetAndDestroy()
    const upstream = connect(target)
    for (const [from, to, direction] of [
      [client, upstream, 'toServer'],
      [upstream, client, 'toClient'],
    ] as const) {
      connections.add(from)
      from.on('error', () => {})
      from.on('close', () => {
        connections.delete(from)
        to.destroy()
      })
      relay(from, to, direction)
    }
    upstream.once('connect', () => client.resume())
  })

  function relay(from: Socket, to: Socket, direction: Direction): void {
    // One after another, in order, whatever a hook waits for.
    let turn: Promise<void> | undefined
    const pass = async (chunk: Buffer) => {
      await proxy.onData?.(chunk, direction)
      if (muted.has(direction) || to.destroyed) return
      if (!to.write(chunk)) await new Promise((resolve) => to.once('drain', resolve).once('close', resolve))
    }
    from.on('data', (chunk: Buffer) => {
      from.pause()
      turn = (turn ?? Promise.resolve()).then(() => pass(chunk)).finally(() => from.resume())
    })
    from.on('end', () => void (turn ?? Promise.resolve()).then(() => muted.has(direction) || to.end()))
  }

  const listen = () =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen({ host: '127.0.0.1', port: bound }, () => {
        server.off('error', reject)
        bound = (server.address() as { port: number }).port
        resolve()
      })
    })
  const cut = () => connections.forEach((socket) => socket.resetAndDestroy())
  const down = async () => {
    const closed = server.listening ? new Promise((resolve) => server.close(resolve)) : undefined
    cut()
    await closed
  }

  const proxy: TcpProxy = {
    get port() {
      return bound
    },
    url: (targetUrl) => targetUrl.replace(/^([^/]*\/\/(?:[^@/?]*@)?)[^/?]*/, `$1127.0.0.1:${bound}`),
    onData: undefined,
    down,
    up: async () => (server.listening ? undefined : listen()),
    cut,
    mute(direction) {
      for (const way of direction === 'both' ? (['toServer', 'toClient'] as const) : [direction])
        muted.add(way)
    },
    unmute: () => muted.clear(),
    stop: down,
  }
  await listen()
  return proxy
}

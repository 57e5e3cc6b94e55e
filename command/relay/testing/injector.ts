import { connect, createServer, type Socket } from 'node:net'

/** A wire into which a test can put words of its own, as if the server had said them. */
export interface Injector {
  url(target: string): string
  say(bytes: Uint8Array): void
  /** How many connections were ever made. */
  readonly accepted: number
  stop(): Promise<void>
}

export async function startInjector(target: string): Promise<Injector> {
  const { hostname, port } = new URL(target)
  const clients = new Set<Socket>()
  let accepted = 0
  const server = createServer((client) => {
    accepted++
    const upstream = connect(Number(port), hostname)
    clients.add(client)
    const end = () => {
      clients.delete(client)
      client.destroy()
      upstream.destroy()
    }
    for (const socket of [client, upstream]) socket.on('error', end).on('close', end)
    client.pipe(upstream)
    upstream.pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const own = (server.address() as { port: number }).port

  return {
    url(changed) {
      const through = new URL(changed)
      through.host = `127.0.0.1:${own}`
      return through.href
    },
    say(bytes) {
      for (const client of clients) client.write(bytes)
    },
    get accepted() {
      return accepted
    },
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const client of clients) client.destroy()
      await closed
    },
  }
}

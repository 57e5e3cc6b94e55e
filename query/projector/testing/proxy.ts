import { createServer, connect, type Socket } from 'node:net'

/** Stands between a client and a server: `cut` breaks what is open, `refuse` keeps new connections out. */
export async function createProxy(target: { host: string; port: number }) {
  const sockets = new Set<Socket>()
  let refusing = false
  const server = createServer((client) => {
    if (refusing) return void client.destroy()
    const upstream = connect(target.port, target.host)
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from)
      from.on('data', (data) => to.write(data))
      from.on('close', () => (sockets.delete(from), to.destroy()))
      from.on('error', () => to.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const cut = () => sockets.forEach((socket) => socket.destroy())
  return {
    port: (server.address() as { port: number }).port,
    cut,
    refuse(value: boolean) {
      refusing = value
      if (value) cut()
    },
    close() {
      cut()
      server.close()
    },
  }
}

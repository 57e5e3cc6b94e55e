import type { createServer as nodeCreateServer } from 'node:http'

/** A `fetch` handler behind Node's HTTP server on a free port, which is printed as the first line. */
export function serveFetch(
  createServer: typeof nodeCreateServer,
  fetch: (request: Request) => Response | Promise<Response>,
): void {
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk as Buffer)
    const body = chunks.length > 0 ? { body: Buffer.concat(chunks) } : undefined
    const headers = new Headers(Object.entries(incoming.headers) as [string, string][])
    const request = new Request(`http://localhost${incoming.url}`, {
      method: incoming.method!,
      headers,
      ...body,
    })
    const response = await fetch(request)
    outgoing.writeHead(response.status, Object.fromEntries(response.headers))
    outgoing.end(Buffer.from(await response.arrayBuffer()))
  })
  server.listen(0, '127.0.0.1', () =>
    process.stdout.write(`${(server.address() as { port: number }).port}\n`),
  )
}

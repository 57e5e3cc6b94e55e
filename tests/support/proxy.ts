import { startTcpProxy } from '../../ops/faults/tcp-proxy.ts'

/** The same server, by way of a network that the test can shut. */
export async function behindProxy(address: string) {
  const { hostname, port } = new URL(address)
  const proxy = await startTcpProxy({ target: { host: hostname, port: Number(port) } })
  return { url: proxy.url(address), proxy }
}

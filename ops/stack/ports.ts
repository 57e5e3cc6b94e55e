import { createServer } from 'node:net'

// Below the range that the kernel takes client ports from: there, an outgoing connection may hold the number of a
// server that is to be started again.
const LOWEST = 15_000
const HIGHEST = 31_999

export type Ports = Record<string, number>

/** The preferred port where it is free, else another. Zero means: any. Numbers already given out are avoided. */
export async function choosePorts<P extends Ports>(preferred: P): Promise<P> {
  const chosen = new Map<string, number>()
  for (const [name, port] of Object.entries(preferred)) {
    const taken = new Set(chosen.values())
    let candidate = port
    while (candidate === 0 || taken.has(candidate) || !(await isFree(candidate))) {
      candidate = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST))
    }
    chosen.set(name, candidate)
  }
  return Object.fromEntries(chosen) as P
}

/** Can a server listen there now? Tried on the address itself, where a listener on all addresses is in the way too. */
export function isFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => resolve(true)))
  })
}

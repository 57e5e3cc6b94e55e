import { connect } from 'node:net'

/** What came back over one connection, until the server closed it, the answer was whole, or time was up. */
export interface RawAnswer {
  /** 0 where there was none. */
  readonly status: number
  /** By lower-case name; of several the last. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  /** Statuses of all answers, in their order: more than one where the bytes held several requests. */
  readonly statuses: readonly number[]
  readonly end: 'closed' | 'reset' | 'open'
  readonly ms: number
}

export interface RawOptions {
  readonly timeoutMs?: number
  /** The client says that nothing more will come. */
  readonly halfClose?: boolean
  /** The connection is awaited to be closed, even where the answer is whole. */
  readonly untilClosed?: boolean
}

/** Sends bytes as they are, which `fetch` would mend or refuse. */
export function sendRaw(
  url: string,
  bytes: Uint8Array,
  { timeoutMs = 5_000, halfClose = false, untilClosed = false }: RawOptions = {},
): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  const startedAt = performance.now()
  return new Promise((resolve) => {
    const chunks: Buffer[] = []
    const isHead = Buffer.from(bytes.subarray(0, 5)).toString() === 'HEAD '
    const socket = connect({ host: hostname, port: Number(port) })
    const end = (how: RawAnswer['end']) => {
      clearTimeout(timer)
      socket.destroy()
      resolve({ ...parsed(Buffer.concat(chunks)), end: how, ms: performance.now() - startedAt })
    }
    const timer = setTimeout(() => end('open'), timeoutMs)
    socket.on('connect', () => {
      socket.write(bytes)
      if (halfClose) socket.end()
    })
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      if (!untilClosed && isWhole(Buffer.concat(chunks), isHead)) end('open')
    })
    socket.on('end', () => end('closed'))
    socket.on('close', () => end('closed'))
    socket.on('error', () => end('reset'))
  })
}

/** One request as it goes over the wire. */
export function requestBytes({
  method = 'GET',
  path,
  headers = {},
  body,
}: {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string | Uint8Array | readonly string[]>>
  readonly body?: string | Uint8Array | undefined
}): Uint8Array {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const names = Object.keys(headers).map((name) => name.toLowerCase())
  const lines: (string | Uint8Array)[] = [`${method} ${path} HTTP/1.1\r\n`]
  if (!names.includes('host')) lines.push('Host: localhost\r\n')
  for (const [name, value] of Object.entries(headers))
    for (const one of Array.isArray(value) ? value : [value]) lines.push(`${name}: `, one, '\r\n')
  if (bytes && !names.includes('content-length') && !names.includes('transfer-encoding'))
    lines.push(`Content-Length: ${bytes.byteLength}\r\n`)
  return Buffer.concat([...lines, '\r\n', bytes ?? ''].map((part) => Buffer.from(part as string)))
}

function parsed(all: Buffer): Omit<RawAnswer, 'end' | 'ms'> {
  const text = all.toString('latin1')
  const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status))
  const headEnd = text.indexOf('\r\n\r\n')
  const [, ...fields] = text.slice(0, Math.max(headEnd, 0)).split('\r\n')
  const headers = Object.fromEntries(
    fields.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const body = headEnd < 0 ? '' : all.subarray(headEnd + 4).toString()
  return { status: statuses[0] ?? 0, statuses, headers, body }
}

/** By its length; what is chunked ends with its last chunk, and what has neither has no body here. */
function isWhole(all: Buffer, isHead: boolean): boolean {
  const { status, headers } = parsed(all)
  const headEnd = all.indexOf('\r\n\r\n')
  if (headEnd < 0 || status < 200) return false
  if (isHead) return true
  if (headers['transfer-encoding'] === 'chunked') return all.subarray(-5).toString() === '0\r\n\r\n'
  return all.length >= headEnd + 4 + Number(headers['content-length'] ?? 0)
}

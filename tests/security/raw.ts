import { connect } from 'node:net'

export interface RawAnswer {
  readonly text: string
  /** Status of each answer that came. */
  readonly statuses: readonly number[]
  /** The server ended the connection. */
  readonly closed: boolean
}

/**
 * Sends these bytes as they are, and reads until the server closes the connection or has been silent.
 * @param silentMs after the last byte
 */
export function raw(url: string, bytes: string, silentMs = 1_500): Promise<RawAnswer> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), hostname, () => socket.write(bytes, 'latin1'))
    socket.setEncoding('latin1')
    socket.setTimeout(silentMs)
    const done = (closed: boolean) => {
      const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status))
      resolve({ text, statuses, closed })
      socket.destroy()
    }
    socket.on('data', (chunk) => (text += String(chunk)))
    socket.on('end', () => done(true))
    socket.on('close', () => done(true))
    socket.on('timeout', () => done(false))
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? done(true) : reject(error),
    )
  })
}

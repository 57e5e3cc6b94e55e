import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

export interface Listener {
  pid: number
  commandLine: string
}

/** Who listens on this port, as far as the kernel lets us see; undefined when nobody or nobody of ours does. */
export function listenerOn(port: number): Listener | undefined {
  const pids = readdirSync('/proc').map(Number).filter(Boolean)
  // The table is long where many connections were closed a moment ago: it is read once.
  const sockets = listeningSockets(port)
  const pid = pids.find((candidate) => holdsOne(candidate, sockets))
  if (!pid) return undefined
  return { pid, commandLine: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim() }
}

export function listens(pid: number, port: number): boolean {
  return holdsOne(pid, listeningSockets(port))
}

const holdsOne = (pid: number, sockets: ReadonlySet<string>) =>
  sockets.size > 0 && openFiles(pid).some((file) => sockets.has(file))

const LISTEN = '0A'

/** The kernel's table: address:port in hex, state, and the socket's inode, by which a process holds it. */
function listeningSockets(port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((table) => {
    try {
      return readFileSync(table, 'utf8').split('\n').slice(1)
    } catch {
      return []
    }
  })
  const sockets = new Set<string>()
  for (const row of rows) {
    const fields = row.trim().split(/\s+/)
    if (fields[1]?.endsWith(suffix) && fields[3] === LISTEN) sockets.add(`socket:[${fields[9]}]`)
  }
  return sockets
}

function openFiles(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`)
      } catch {
        return ''
      }
    })
  } catch {
    return []
  }
}

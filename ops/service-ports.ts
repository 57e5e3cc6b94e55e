import { listenerOn } from './stack/listeners.ts'
import { isFree } from './stack/ports.ts'

export interface ServicePorts {
  command: number
  query: number
  relay: number
}

const SETTINGS = { command: 'COMMAND_PORT', query: 'QUERY_PORT', relay: 'RELAY_PORT' } as const
const DEFAULTS: ServicePorts = { command: 3000, query: 3001, relay: 3002 }

/** These do not move by themselves: clients know them. */
export function servicePorts(settings: Record<string, string | undefined>): ServicePorts {
  const ports = { ...DEFAULTS }
  for (const [name, setting] of Object.entries(SETTINGS) as [keyof ServicePorts, string][]) {
    const text = settings[setting]?.trim()
    if (!text) continue
    if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > 65_535) {
      throw new Error(`${setting} must be a port, a whole number from 1 to 65535, and "${text}" is not`)
    }
    ports[name] = Number(text)
  }
  return ports
}

/** Who is in the way, and how to choose other ports; undefined when nobody is. */
export async function portsTaken(ports: ServicePorts): Promise<string | undefined> {
  const lines: string[] = []
  const others: string[] = []
  for (const [name, port] of Object.entries(ports) as [keyof ServicePorts, number][]) {
    if (await isFree(port)) continue
    const listener = listenerOn(port)
    const who = listener ? `process ${listener.pid}: ${listener.commandLine}` : "a process of another user's"
    lines.push(` Port ${port}, for the ${name} service, is taken by ${who}`)
    others.push(`${SETTINGS[name]}=${port + 1_000}`)
  }
  if (lines.length === 0) return undefined
  return `${lines.join('\n')}\n\n Stop it, or choose another port, here or in .env:  ${others.join(' ')} npm start`
}

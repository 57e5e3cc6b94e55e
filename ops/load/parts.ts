import { readlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { listenerOn } from '../stack/listeners.ts'
import { type RunningStack, runningStack } from '../stack/running.ts'
import { type ProcessRow, processTable, read, treeOf } from './proc.ts'

/** A part of the system that takes CPU: one process, or one with all that it has started. */
export interface Part {
  name: string
  root: number
  /** One event loop: it can take one core and no more. */
  isSingleThreaded: boolean
}

export interface FoundParts {
  parts: Part[]
  /** What the supervisor of `npm start` tells of its servers. */
  stack: RunningStack | undefined
}

const SERVERS: Record<string, string> = {
  postgres: 'PostgreSQL',
  'beam.smp': 'RabbitMQ',
  ferretdb: 'FerretDB',
  mongod: 'MongoDB',
}

/** The processes behind these URLs where they run on this machine, and the servers that were started beside them. */
export function localParts(urls: Record<'command' | 'relay' | 'query', string>): FoundParts {
  const table = processTable()
  const services = Object.entries(urls).flatMap(([name, url]) => {
    const pid = isLocal(url) ? listenerOn(Number(new URL(url).port || 80))?.pid : undefined
    return pid ? [{ name, root: pid, isSingleThreaded: true }] : []
  })
  const supervisor = services.map(({ root }) => table.get(root)!.parent).find(isSupervisor)
  if (!supervisor) return { parts: services, stack: undefined }
  return { parts: [...services, ...serversUnder(supervisor, table)], stack: stackOf(supervisor) }
}

/** The first process of each server below it: what that has started counts as its own. */
export function serversUnder(supervisor: number, table: ReadonlyMap<number, ProcessRow>): Part[] {
  return treeOf(supervisor, table)
    .filter(({ name, parent }) => SERVERS[name] && table.get(parent)?.name !== name)
    .map(({ name, pid }) => ({
      root: pid,
      name: name === 'postgres' && isStore(pid) ? "the store's PostgreSQL" : SERVERS[name]!,
      isSingleThreaded: false,
    }))
}

/** FerretDB's own PostgreSQL is in a network that nobody else is in. */
const isStore = (pid: number) => linkOf(pid, 'ns/net') !== linkOf(process.pid, 'ns/net')

function linkOf(pid: number, name: string): string {
  try {
    return readlinkSync(`/proc/${pid}/${name}`)
  } catch {
    return ''
  }
}

const isSupervisor = (pid: number) => /ops\/main\.ts\0(start|demo)/.test(read(`/proc/${pid}/cmdline`))

function stackOf(supervisor: number): RunningStack | undefined {
  const folder = /(?:^|\0)STACK_DIR=([^\0]+)/.exec(read(`/proc/${supervisor}/environ`))?.[1] ?? '.stack'
  return runningStack(resolve(linkOf(supervisor, 'cwd'), folder))
}

export const isLocal = (url: string) => /^(localhost|127\.|\[::1\])/.test(new URL(url).hostname)

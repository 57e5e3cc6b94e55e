import { access, statfs } from 'node:fs/promises'
import { totalmem } from 'node:os'
import { join } from 'node:path'
import { portsTaken, servicePorts } from '../service-ports.ts'
import { cacheDir } from '../stack/cache.ts'
import { externalServers } from '../stack/external.ts'
import { goProgramName } from '../stack/go-program.ts'
import { findMongod } from '../stack/recipes.ts'
import { FERRETDB, rootfsName } from '../stack/parts.ts'
import {
  Missing,
  buildCommands,
  requireCommands,
  requireGo,
  requireLinux,
  requireNamespaces,
  requireSubordinateIds,
} from '../stack/requirements.ts'
import { stackDir } from '../stack/running.ts'
import { findChromium } from '../chromium.ts'
import { existingK6 } from '../load/k6.ts'

const HELP = `usage: npm run doctor

Checks what \`npm start\` and \`npm test\` need on this machine. Exit code 1 when something is missing.`

const GB = 1024 ** 3
const DISK_MIN_GB = 4
const TEMP_MIN_GB = 1.5
const MEMORY_MIN_GB = 2

/** Resolves with what was found; throws what is missing. */
type Check = () => Promise<string>

export async function run(args: string[]): Promise<number> {
  if (args.length > 0) {
    console.log(HELP)
    return args[0] === '--help' ? 0 : 2
  }
  let failures = 0
  for (const [name, check] of Object.entries(checks())) {
    try {
      console.log(` ✓ ${name.padEnd(18)} ${await check()}`)
    } catch (error) {
      failures++
      console.log(` ✗ ${name.padEnd(18)} ${(error as Error).message.replaceAll('\n', `\n${' '.repeat(21)}`)}`)
    }
  }
  console.log(failures === 0 ? '\n Nothing is missing.' : `\n ${failures} to mend.`)
  return failures === 0 ? 0 : 1
}

function checks(): Record<string, Check> {
  const { POSTGRES_URL, RABBITMQ_URL, MONGO_URL } = process.env
  const ours: Record<string, Check> = {
    system,
    bubblewrap: async () => requireCommands(['bwrap', 'flock', 'setpriv']),
    'user namespaces': async () => requireNamespaces().then(() => 'allowed'),
    'root file system': rootFileSystem,
    ...(MONGO_URL ? {} : { MongoDB: mongo }),
    disk,
    memory,
  }
  return {
    'servers of yours': async () =>
      Object.keys(externalServers(process.env)).join(', ') || 'none: all three are started here',
    ...(POSTGRES_URL && RABBITMQ_URL && MONGO_URL ? {} : ours),
    ports,
    Chromium: async () =>
      findChromium() ?? 'none, and the pages are not tried by npm test: apt-get install chromium',
    k6: async () => existingK6() ?? 'not built yet: npm run load builds it once, with Go',
  }
}

async function system(): Promise<string> {
  requireLinux()
  return `${process.platform} ${process.arch}`
}

/** What it takes to make a part matters only as long as it is not there. */
async function rootFileSystem(): Promise<string> {
  if (await cached(rootfsName())) return `cached in ${cacheDir()}`
  const found = requireCommands(buildCommands())
  requireSubordinateIds()
  return `not made yet; ${found}`
}

async function mongo(): Promise<string> {
  const mongod = await findMongod()
  if (mongod) return `${mongod.path} ${mongod.version}`
  if (await cached(goProgramName(FERRETDB))) return `FerretDB, cached in ${cacheDir()}`
  return `FerretDB, not built yet; ${await requireGo(FERRETDB)}`
}

async function ports(): Promise<string> {
  const wanted = servicePorts(process.env)
  const taken = await portsTaken(wanted)
  if (taken) throw new Error(taken.trim())
  return `${Object.values(wanted).join(', ')} are free; the servers' ports move by themselves`
}

async function disk(): Promise<string> {
  const needs: [string, number][] = [
    [cacheDir(), DISK_MIN_GB],
    [stackDir(), 1],
    [process.env.TMPDIR ?? '/tmp', TEMP_MIN_GB],
  ]
  for (const [folder, minimum] of needs) {
    const free = (await freeBytes(folder)) / GB
    if (free < minimum) {
      throw new Missing(
        `${folder} has ${free.toFixed(1)} GB free of the ${minimum} GB it takes`,
        'make room there',
      )
    }
  }
  return `${((await freeBytes(cacheDir())) / GB).toFixed(0)} GB free`
}

async function memory(): Promise<string> {
  const total = totalmem() / GB
  const text = `${total.toFixed(1)} GB`
  if (total < MEMORY_MIN_GB)
    throw new Missing(`${text} of the ${MEMORY_MIN_GB} GB it takes`, 'use a larger machine')
  return text
}

/** Of the file system that the folder is on, or would be. */
async function freeBytes(folder: string): Promise<number> {
  const found = await statfs(folder).catch(() => undefined)
  return found ? found.bavail * found.bsize : freeBytes(join(folder, '..'))
}

const cached = (name: string) =>
  access(join(cacheDir(), name)).then(
    () => true,
    () => false,
  )

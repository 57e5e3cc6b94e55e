import { join } from 'node:path'
import { goProgram } from './go-program.ts'
import { ferretdb, mongod } from './mongo.ts'
import { FERRETDB, rootfs } from './parts.ts'
import type { Ports } from './ports.ts'
import { postgres } from './postgres.ts'
import type { Progress } from './progress.ts'
import { rabbitmq } from './rabbitmq.ts'
import { ELSEWHERE, Missing, installCommands, requireLinux, requireNamespaces } from './requirements.ts'
import { run } from './run.ts'
import type { ServerName, ServerRecipe } from './server.ts'

export type LocalRecipe = ServerRecipe<Ports & { main: number }>

export interface LocalOptions {
  names: readonly ServerName[]
  dataDir: string
  throwaway: boolean
  progress: Progress
  signal: AbortSignal
}

/** How to run each of these servers on this machine; makes what is missing for it first. */
export async function localRecipes(options: LocalOptions): Promise<LocalRecipe[]> {
  const { names, dataDir, throwaway, progress, signal } = options
  if (names.length === 0) return []
  requireLinux()
  await installCommands(['bwrap'], signal, () => {})
  await requireNamespaces()
  const mongodOnPath = await findMongod()
  const needsFerret = names.includes('mongo') && !mongodOnPath
  // One that fails ends the other: nothing goes on in the background after this.
  const failed = new AbortController()
  const both = AbortSignal.any([signal, failed.signal])
  const making = [
    rootfs(progress, both),
    needsFerret ? goProgram(FERRETDB, progress, both) : Promise.resolve(''),
  ] as const
  for (const part of making) part.catch((error: unknown) => failed.abort(error))
  await Promise.allSettled(making)
  const [system, binary] = await Promise.all(making)

  const place = (name: ServerName) => ({
    rootfs: system,
    throwaway,
    dir: join(dataDir, name),
    logFile: join(dataDir, 'logs', `${name}.log`),
  })
  const makers: Record<ServerName, () => unknown> = {
    postgres: () => postgres(place('postgres')),
    rabbitmq: () => rabbitmq(place('rabbitmq')),
    mongo: () =>
      mongodOnPath
        ? mongod(place('mongo'), mongodOnPath)
        : ferretdb(place('mongo'), { binary, version: FERRETDB.version }),
  }
  return names.map((name) => makers[name]() as LocalRecipe)
}

export async function findMongod(): Promise<{ path: string; version: string } | undefined> {
  const path = Bun.which('mongod')
  if (!path) return undefined
  const output = await run([path, '--version']).catch((error: Error) => {
    throw new Missing(
      `${path} does not run: ${error.message}`,
      `remove it from PATH, or set MONGO_URL; else ${ELSEWHERE}`,
    )
  })
  return { path, version: /v(\d+[.\d]*)/.exec(output)?.[1] ?? '' }
}

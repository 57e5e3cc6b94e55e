import { rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import { type Interruption, aborted, interruption } from '../interruption.ts'
import { startStack } from '../stack/index.ts'
import { progressOn } from '../stack/progress.ts'
import { explained } from '../stack/requirements.ts'
import { announce, runningStack, stackDir } from '../stack/running.ts'

const HELP = `usage: npm run stack -- <up|status|wipe|path>

  up            starts PostgreSQL, RabbitMQ and MongoDB, prints their settings, and stops them at Ctrl-C
  status        what is up; exit code 1 when nothing is
  wipe [--yes]  deletes all their data
  path          the folder their data is in (setting STACK_DIR, ${stackDir()})`

export async function run([verb, ...flags]: string[]): Promise<number> {
  const dataDir = resolve(stackDir())
  switch (verb) {
    case 'up':
      return up(dataDir)
    case 'status':
      return status(dataDir)
    case 'wipe':
      return wipe(dataDir, flags.includes('--yes'))
    case 'path':
      console.log(dataDir)
      return 0
    default:
      console.log(HELP)
      return verb === '--help' ? 0 : 2
  }
}

async function up(dataDir: string): Promise<number> {
  const signal = interruption()
  const progress = progressOn(process.stdout)
  try {
    const stack = await startStack({ dataDir, progress, signal })
    const retract = announce(dataDir, stack)
    const settings = Object.entries(stack.env)
    console.log(`\n# for a service run by hand\n${settings.map(exported('')).join('\n')}`)
    console.log(`\n# for \`bun test\` run by hand\n${settings.map(exported('STACK_')).join('\n')}`)
    console.log('\n# Ctrl-C stops the servers; their data stays')
    await aborted(signal)
    await stack.stop()
    retract()
    return 0
  } catch (error) {
    if (!signal.aborted) console.error(`\n ${explained(error)}`)
    return (signal.reason as Interruption | undefined) ? 130 : 1
  } finally {
    progress.close()
  }
}

const exported =
  (prefix: string) =>
  ([name, value]: [string, string]) =>
    `export ${prefix}${name}='${value}'`

function status(dataDir: string): number {
  const found = runningStack(dataDir)
  if (!found) {
    console.log(`nothing is up on ${dataDir}`)
    return 1
  }
  console.log(`up on ${dataDir} (process ${found.pid})`)
  for (const { product, name, port } of found.servers)
    console.log(`  ${name.padEnd(9)} ${product} on :${port}`)
  return 0
}

async function wipe(dataDir: string, sure: boolean): Promise<number> {
  const found = runningStack(dataDir)
  if (found) {
    console.error(`process ${found.pid} is using ${dataDir}: stop it first`)
    return 1
  }
  if (!sure && prompt(`Delete ${dataDir} with all data? [y/N]`)?.toLowerCase() !== 'y') {
    console.log('nothing was deleted')
    return 1
  }
  await rm(dataDir, { recursive: true, force: true })
  console.log(`${dataDir} is gone`)
  return 0
}

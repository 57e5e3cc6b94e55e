import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runInSandbox } from '../../../ops/stack/sandbox.ts'
import { Incomplete } from './comparison.ts'
import { pgbenchRootfs } from './tools.ts'

export interface PgbenchOrder {
  /** Of the database, as a role that may write. */
  readonly url: string
  readonly script: string
  readonly clients: number
  readonly seconds: number
  /** Variables of the script. */
  readonly variables: Readonly<Record<string, number>>
  /** Its own, removed afterwards. */
  readonly dir: string
}

export interface PgbenchResult {
  readonly transactions: number
  readonly elapsedMs: number
}

/** `pgbench -M prepared`, from the root file system of the servers. @throws Incomplete where a transaction failed */
export async function pgbench(order: PgbenchOrder): Promise<PgbenchResult> {
  // That many clients take a while to connect, which is part of its time: on a busy machine all of it.
  for (let { seconds } = order; ; seconds *= 2) {
    const result = await runOnce({ ...order, seconds })
    if (result.transactions > 0) return result
    if (seconds >= GIVE_UP_S) throw new Error(`pgbench did nothing in ${seconds} s`)
  }
}

const GIVE_UP_S = 30

async function runOnce(order: PgbenchOrder): Promise<PgbenchResult> {
  const { url, script, clients, seconds, variables, dir } = order
  await rm(dir, { recursive: true, force: true })
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, 'script.sql'), script)
  const { hostname, port, username, password, pathname } = new URL(url)
  const logFile = join(dir, 'log')
  await runInSandbox({
    rootfs: pgbenchRootfs(),
    user: 'postgres',
    dataDir: dir,
    logFile,
    lockFile: join(dir, 'lock'),
    env: { PGPASSWORD: password },
    command: [
      'pgbench',
      '--no-vacuum',
      '--protocol=prepared',
      `--client=${clients}`,
      '--jobs=2',
      `--time=${seconds}`,
      ...Object.entries(variables).map(([name, value]) => `--define=${name}=${value}`),
      '--file=/data/script.sql',
      `--host=${hostname}`,
      `--port=${port}`,
      `--username=${username}`,
      pathname.slice(1),
    ],
  })
  const result = pgbenchResult(await readFile(logFile, 'utf8'))
  await rm(dir, { recursive: true, force: true })
  return result
}

/** From its report: the rate is that without the time it took to connect. */
export function pgbenchResult(report: string): PgbenchResult {
  const figure = (pattern: RegExp) => Number(pattern.exec(report)?.[1] ?? Number.NaN)
  const transactions = figure(/transactions actually processed: (\d+)/)
  const perSecond = figure(/tps = ([\d.]+)/)
  if (transactions === 0) return { transactions, elapsedMs: 0 }
  if (!(transactions > 0) || !(perSecond > 0)) throw new Error(`pgbench gave no figure:\n${report}`)
  const failed = figure(/number of failed transactions: (\d+)/) || 0
  if (failed > 0) throw new Incomplete(`${failed} transactions of pgbench failed`)
  return { transactions, elapsedMs: (transactions * 1_000) / perSecond }
}

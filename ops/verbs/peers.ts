import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { readOptions } from '../cli/read-options.ts'
import { commitNow } from '../faults/commit.ts'
import { compare, comparedJobs, type Comparison, systemIds } from '../faults/peers/compare.ts'
import { installPeers } from '../faults/peers/install.ts'
import { comparisonBlock, linesOf, type SystemRuns, titleOf, withBlock } from '../faults/peers/table.ts'
import { type Job, runFolder } from '../faults/matrix/plan.ts'
import { ProgressFile } from '../faults/matrix/progress.ts'
import { interruption } from '../interruption.ts'
import { disregardExternalServers } from '../stack/external.ts'
import { startStack, type Stack } from '../stack/index.ts'
import { type Progress, progressOn } from '../stack/progress.ts'
import { explained } from '../stack/requirements.ts'
import { makeThrowawayDir } from '../stack/throwaway.ts'

const HELP = `usage: npm run peers [-- options]

This system and what people use instead, under the same faults: the same servers, load and checker. Installs the others
in the cache at the first call. What was measured is kept; a system that is done is not run again.

  --system A,B    these alone, of ${systemIds.join(', ')}
  --only F1,F4    these faults alone
  --fresh         forget what earlier calls have measured
  --write         write the table into docs/delivery.md, beside printing it`

const FOLDER = join(import.meta.dir, '../../.artifacts/faults/peers')
const DOCUMENT = join(import.meta.dir, '../../docs/delivery.md')

interface Options {
  readonly help: boolean
  readonly fresh: boolean
  readonly write: boolean
  readonly systems: readonly string[]
  readonly jobs: readonly Job[]
}

/** @returns the exit code */
export async function run(args: string[]): Promise<number> {
  const options = readOptions(HELP, () => optionsOf(args))
  if (typeof options === 'number') return options
  disregardExternalServers()
  const signal = interruption()
  const progress = progressOn(process.stdout)
  const commit = commitNow()
  try {
    const systems = await measured(options, { commit, progress, signal })
    const block = comparisonBlock(systems, { commit, date: new Date().toISOString().slice(0, 10) })
    progress.line(`\n${block}`)
    if (options.write) await writeFile(DOCUMENT, withBlock(await readFile(DOCUMENT, 'utf8'), block))
    return systems.some(({ runs }) => runs.some(({ error }) => error !== undefined)) ? 1 : 0
  } catch (error) {
    if (!signal.aborted) progress.line(`\n ${explained(error)}`)
    return signal.aborted ? 130 : 1
  } finally {
    progress.close()
  }
}

interface Circumstances {
  readonly commit: string
  readonly progress: Progress
  readonly signal: AbortSignal
}

async function measured(options: Options, circumstances: Circumstances): Promise<SystemRuns[]> {
  const { progress, signal } = circumstances
  const folder = await installPeers(progress, signal)
  let servers: Promise<Stack> | undefined
  const place = await makeThrowawayDir()
  const stack = () =>
    (servers ??= startStack({ dataDir: `${place.path}/stack`, throwaway: true, progress, signal }))
  try {
    const all: SystemRuns[] = []
    for (const system of options.systems)
      all.push({ id: system, runs: await runsOf(system, options, { ...circumstances, folder, stack }) })
    return all
  } finally {
    await (await servers)?.stop()
    await place.remove()
  }
}

/** Those that were made before, and those that are missing. */
async function runsOf(
  system: string,
  { jobs, fresh }: Options,
  {
    commit,
    progress,
    signal,
    folder,
    stack,
  }: Circumstances & { folder: string; stack: () => Promise<Stack> },
): Promise<Comparison[]> {
  const file = join(FOLDER, `${system}.jsonl`)
  if (fresh) await rm(file, { force: true })
  const done = await ProgressFile.open<Comparison>(file, { system, commit })
  const runs: Comparison[] = []
  for (const [index, job] of jobs.entries()) {
    progress.status(
      `   ${titleOf(system)}, ${index + 1} of ${jobs.length}: ${job.fault.id} ${job.variant.name}, seed ${job.seed}`,
    )
    let comparison = done.get(job)
    if (!comparison) {
      const dir = join(FOLDER, 'runs', `${system}-${runFolder(job)}`)
      comparison = await compare(system, job, { stack: await stack(), folder, dir, signal })
      await done.add(job, comparison)
      for (const line of linesOf(comparison, titleOf(system))) progress.line(` ${line}`)
    }
    runs.push(comparison)
  }
  progress.status('')
  return runs
}

function optionsOf(args: string[]): Options {
  const flag = { type: 'boolean', default: false } as const
  const text = { type: 'string' } as const
  const { values } = parseArgs({
    args,
    options: { help: flag, fresh: flag, write: flag, system: text, only: text },
  })
  const systems = values.system?.split(',').map((id) => id.trim()) ?? systemIds
  const unknown = systems.filter((id) => !systemIds.includes(id))
  if (unknown.length > 0) throw new Error(`there is no system ${unknown.join(', ')}`)
  const only = values.only?.split(',').map((id) => id.trim().toUpperCase())
  return { ...values, systems, jobs: comparedJobs(only) }
}

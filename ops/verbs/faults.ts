import { mkdir } from 'node:fs/promises'
import { cpus } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { commitNow } from '../faults/commit.ts'
import { execute } from '../faults/matrix/execute.ts'
import { faults } from '../faults/matrix/index.ts'
import { type Job, planned, runFolder, type Selection } from '../faults/matrix/plan.ts'
import { ProgressFile } from '../faults/matrix/progress.ts'
import { linesOf, type RunReport } from '../faults/matrix/report.ts'
import { invariantNotes, matrixPage } from '../faults/report/page.ts'
import { interruption } from '../interruption.ts'
import { disregardExternalServers } from '../stack/external.ts'
import { startStack } from '../stack/index.ts'
import { type Progress, progressOn } from '../stack/progress.ts'
import { explained } from '../stack/requirements.ts'
import { makeThrowawayDir } from '../stack/throwaway.ts'

const HELP = `usage: npm run faults [-- options]

Hurts the system in every way it must survive, on servers of its own, under load, and checks ten invariants from four
independent records. Prints a line for each run with the six counts of Jepsen's total-queue. Goes on where it was when
it was killed. Exit code 1 when an invariant was broken, or something was lost or came that nobody asked for.

  --list          the faults, and how many runs each has
  --only F4,F7    these alone
  --seed N        one run of each variant, with this seed, which fixes its schedule
  --seconds N     of load, instead of each variant's own
  --json FILE     every run: fault, seed, the six counts, each invariant
  --html FILE     one page with a timeline of load, lag and faults
  --fresh         forget what an earlier call has done`

const FOLDER = '.artifacts/faults'
const ROOT = join(import.meta.dir, '../..')

interface Options extends Selection {
  readonly help: boolean
  readonly list: boolean
  readonly fresh: boolean
  readonly json: string
  readonly html: string
}

/** @returns the exit code */
export async function run(args: string[]): Promise<number> {
  let options: Options
  let jobs: Job[]
  try {
    options = optionsOf(args)
    jobs = planned(faults, options)
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${HELP}`)
    return 2
  }
  if (options.help) return say(HELP)
  if (options.list) return say(list())
  disregardExternalServers()
  const signal = interruption()
  const progress = progressOn(process.stdout)
  try {
    const reports = await runAll(jobs, options, progress, signal)
    return reports.every(({ isGood }) => isGood) ? 0 : 1
  } catch (error) {
    if (!signal.aborted) progress.line(`\n ${explained(error)}`)
    return signal.aborted ? 130 : 1
  } finally {
    progress.close()
  }
}

async function runAll(
  jobs: readonly Job[],
  options: Options,
  progress: Progress,
  signal: AbortSignal,
): Promise<RunReport[]> {
  const startedAt = new Date().toISOString()
  const commit = commitNow()
  const { only, seed, seconds } = options
  // One for each selection: a look at one fault does not forget what a killed matrix has done.
  const selection = Bun.hash(JSON.stringify([only, seed, seconds])).toString(36)
  const stateFile = join(ROOT, FOLDER, `state-${selection}.jsonl`)
  if (options.fresh)
    await Bun.file(stateFile)
      .delete()
      .catch(() => {})
  const done = await ProgressFile.open(stateFile, { commit, only, seed, seconds })
  if (done.count > 0) progress.line(` · ${done.count} of ${jobs.length} runs were made before`)
  const place = await makeThrowawayDir()
  const stack = await startStack({ dataDir: `${place.path}/stack`, throwaway: true, progress, signal })
  const reports: RunReport[] = []
  try {
    for (const [index, job] of jobs.entries()) {
      progress.status(
        `   ${index + 1} of ${jobs.length}: ${job.fault.id} ${job.variant.name}, seed ${job.seed}`,
      )
      const known = done.get(job)
      const report = known ?? (await execute(job, { stack, dir: runDir(job), signal }))
      if (!known) {
        await done.add(job, report)
        for (const line of linesOf(report)) progress.line(` ${line}`)
      }
      reports.push(report)
    }
    progress.status('')
    await save(options, {
      reports,
      startedAt,
      commit,
      products: Object.values(stack.servers).map(({ product }) => product),
    })
    await done.end()
    progress.line(summaryOf(reports, options))
    return reports
  } finally {
    await stack.stop()
    await place.remove()
  }
}

const runDir = (job: Job) => join(ROOT, FOLDER, 'runs', runFolder(job))

interface Finished {
  readonly reports: readonly RunReport[]
  readonly startedAt: string
  readonly commit: string
  readonly products: readonly string[]
}

async function save(
  { json, html }: Options,
  { reports, startedAt, commit, products }: Finished,
): Promise<void> {
  const machine = `${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`
  const notes: [string, string][] = [
    ['Machine', machine],
    ['Servers', products.join(', ')],
    ...invariantNotes,
  ]
  for (const file of [json, html]) await mkdir(dirname(file), { recursive: true })
  await Bun.write(json, JSON.stringify(reports, null, 1))
  await Bun.write(html, matrixPage({ reports, startedAt, commit, notes }))
}

function summaryOf(reports: readonly RunReport[], { json, html }: Options): string {
  const bad = reports.filter(({ isGood }) => !isGood)
  const sum = (name: 'acknowledged' | 'lost' | 'unexpected') =>
    reports.reduce((total, report) => total + report[name], 0)
  return [
    '',
    `   ${reports.length} runs, ${bad.length} of them not good; ${sum('acknowledged')} writes acknowledged, ${sum('lost')} lost, ${sum('unexpected')} unexpected`,
    ...bad.map(
      ({ fault, variant, seed }) =>
        `   ✗ ${fault} ${variant}: npm run faults -- --only ${fault} --seed ${seed}`,
    ),
    `   ${html}`,
    `   ${json}`,
  ].join('\n')
}

function list(): string {
  return faults
    .map(({ id, title, expected, variants }) => {
      const runs = variants.map(({ name, runs: count, seconds }) => `       ${name}: ${count} × ${seconds} s`)
      return [`${id.padEnd(4)} ${title}`, `     expected: ${expected}`, ...runs].join('\n')
    })
    .join('\n')
}

function optionsOf(args: string[]): Options {
  const text = { type: 'string' } as const
  const flag = { type: 'boolean', default: false } as const
  const { values } = parseArgs({
    args,
    options: {
      help: flag,
      list: flag,
      fresh: flag,
      only: text,
      seed: text,
      seconds: text,
      json: text,
      html: text,
    },
  })
  const number = (name: 'seed' | 'seconds') => {
    const value = values[name]
    if (value !== undefined && !/^[1-9]\d{0,8}$/.test(value))
      throw new Error(`--${name} must be a whole number above 0`)
    return value === undefined ? undefined : Number(value)
  }
  return {
    help: values.help,
    list: values.list,
    fresh: values.fresh,
    only: values.only?.split(',').map((id) => id.trim().toUpperCase()),
    seed: number('seed'),
    seconds: number('seconds'),
    json: values.json ?? join(FOLDER, 'last.json'),
    html: values.html ?? join(FOLDER, 'last.html'),
  }
}

function say(text: string): number {
  console.log(text)
  return 0
}

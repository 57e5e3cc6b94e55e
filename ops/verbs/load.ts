import { readOptions } from '../cli/read-options.ts'
import { interruption } from '../interruption.ts'
import { findK6 } from '../load/k6.ts'
import { HELP, type LoadOptions, loadOptions } from '../load/options.ts'
import { runOne } from '../load/run-one.ts'
import { runScaling } from '../load/run-scaling.ts'
import { progressOn } from '../stack/progress.ts'
import { explained } from '../stack/requirements.ts'

/** @returns the exit code */
export async function run(args: string[]): Promise<number> {
  const options = readOptions(HELP, () => loadOptions(args, process.env))
  if (typeof options === 'number') return options
  const signal = interruption()
  const progress = progressOn(process.stdout)
  try {
    if (options.script !== 'k6') await isThere(options)
    const k6 = await findK6(progress, signal)
    if (options.script === 'k6') {
      progress.line(`k6 ${k6.version} is ${k6.path}`)
      return 0
    }
    const work = { options, k6, progress, signal }
    return await (options.script === 'scaling' ? runScaling(work) : runOne(work))
  } catch (error) {
    progress.close()
    if (!signal.aborted) console.error(`\n ${explained(error)}`)
    return signal.aborted ? 130 : 1
  } finally {
    progress.close()
  }
}

async function isThere({ commandUrl, queryUrl }: LoadOptions): Promise<void> {
  for (const url of [commandUrl, queryUrl]) {
    const answer = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(5_000) }).catch(
      () => undefined,
    )
    if (answer?.ok) continue
    throw new Error(
      `${url} ${answer ? `is not ready (${answer.status})` : 'does not answer'}: start the system with \`npm start\` or ` +
        '`docker compose up -d`, or name it by --command-url and --query-url',
    )
  }
}

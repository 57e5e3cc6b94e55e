import { join } from 'node:path'
import { readOptions } from '../cli/read-options.ts'
import { interruption } from '../interruption.ts'
import { progressOn } from '../stack/progress.ts'
import { explained } from '../stack/requirements.ts'

const BENCH = join(import.meta.dir, '../../load-tests/bench')

/** Not in the image, which has no load tests: found by its path, so that no bundle looks for it. @returns the exit code */
export async function run(args: string[]): Promise<number> {
  const { HELP, benchOptions } = (await import(
    `${BENCH}/machinery/options.ts`
  )) as typeof import('../../load-tests/bench/machinery/options.ts')
  const options = readOptions(HELP, () => benchOptions(args))
  if (typeof options === 'number') return options
  const { runBench } = (await import(`${BENCH}/run.ts`)) as typeof import('../../load-tests/bench/run.ts')
  const { report } = (await import(
    `${BENCH}/report/report.ts`
  )) as typeof import('../../load-tests/bench/report/report.ts')
  const signal = interruption()
  const progress = progressOn(process.stdout)
  try {
    const result = await runBench(options, { progress, signal })
    await report(result, options, progress)
    return result.failures.length > 0 ? 1 : 0
  } catch (error) {
    progress.close()
    if (!signal.aborted) console.error(`\n ${explained(error)}`)
    return signal.aborted ? 130 : 1
  } finally {
    progress.close()
  }
}

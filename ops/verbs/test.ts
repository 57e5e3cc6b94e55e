import { mkdir } from 'node:fs/promises'
import { interruption } from '../interruption.ts'
import { type Stack, startStack } from '../stack/index.ts'
import { type Progress, progressOn } from '../stack/progress.ts'
import { explained } from '../stack/requirements.ts'
import { makeThrowawayDir } from '../stack/throwaway.ts'
import { readJunit, tally } from '../test-report.ts'
import { runTests } from '../test-run.ts'

const HELP = `usage: npm test [-- file filters and flags of \`bun test\`]

Runs every test on a throw-away stack of its own. Ends with "N passed, N failed"; exit code 0 when none failed.`

const SLOWEST = 10

export async function run(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(HELP)
    return 0
  }
  const signal = interruption()
  const progress = progressOn(process.stdout)
  const dir = await makeThrowawayDir()
  const stack = await startUp(dir.path, progress, signal)
  progress.close()
  if (!stack) {
    await dir.remove()
    console.log('0 passed, 1 failed')
    return signal.aborted ? 130 : 1
  }
  try {
    const urls = Object.fromEntries(Object.entries(stack.env).map(([name, url]) => [`STACK_${name}`, url]))
    // What a test that was killed had no time to remove goes with the rest.
    const env = { ...urls, TMPDIR: `${dir.path}/tmp` }
    await mkdir(env.TMPDIR)
    const ended = await runTests({ args, env, junitFile: `${dir.path}/junit.xml`, signal })
    const tests = await readJunit(`${dir.path}/junit.xml`)
    const slowest = tests
      .filter((test) => test.state !== 'skipped')
      .toSorted((a, b) => b.seconds - a.seconds)
      .slice(0, SLOWEST)
    console.log('\nThe slowest tests:')
    for (const { seconds, name, file } of slowest)
      console.log(`${seconds.toFixed(2).padStart(8)} s  ${name}  (${file})`)
    if (ended.problem) console.log(`\n${ended.problem}`)
    const { passed, failed } = tally(tests, ended)
    // What the stack says while it stops must not come after the last line.
    await stack.stop()
    console.log(`\n${passed} passed, ${failed} failed`)
    return failed === 0 ? 0 : 1
  } finally {
    await stack.stop()
    await dir.remove()
  }
}

async function startUp(dataDir: string, progress: Progress, signal: AbortSignal): Promise<Stack | undefined> {
  try {
    return await startStack({ dataDir: `${dataDir}/stack`, throwaway: true, progress, signal })
  } catch (error) {
    progress.line(`\n ${explained(error)}\n`)
    return undefined
  }
}

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '../stack/run.ts'
import type { State } from './states.ts'

export interface Trial {
  readonly state: State
  readonly service: 'command' | 'query'
  readonly seed: number
}

export interface Verdict extends Trial {
  readonly isGood: boolean
  /** The lines that tell what failed, or the last ones where the tool itself did. */
  readonly text: string
  readonly cases: number
  readonly seconds: number
}

export interface TrialOptions {
  readonly python: string
  readonly url: string
  readonly seconds: number
  /** Where its report and its whole output are kept. */
  readonly dir: string
  readonly tokens: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** One run of schemathesis against one service: every phase, both modes, every check. */
export async function attempt(trial: Trial, options: TrialOptions): Promise<Verdict> {
  const { state, service, seed } = trial
  const { python, url, seconds, dir, tokens, signal } = options
  await mkdir(dir, { recursive: true })
  const log = join(dir, `${state.name.replaceAll(' ', '-')}-${service}-${seed}.log`)
  const tool = [
    python,
    '-m',
    'schemathesis.cli',
    '--no-color',
    '--config-file',
    join(import.meta.dir, state.config),
  ]
  const thorough = ['--phases', 'examples,coverage,fuzzing,stateful', '--mode', 'all', '--checks', 'all']
  const bounds = ['--max-time', `${seconds}`, '--seed', `${seed}`]
  const argv = [...tool, 'run', `${url}/swagger/json`, ...thorough, ...bounds]
  const env = {
    SCHEMATHESIS_HOOKS: join(import.meta.dir, 'hooks.py'),
    FUZZ_TOKENS: JSON.stringify(tokens),
    // Of cases that failed, and of hypotheses: nothing of them is to be in the checkout.
    HYPOTHESIS_STORAGE_DIRECTORY: join(dir, 'hypothesis'),
    PYTHONUNBUFFERED: '1',
  }
  const startedAt = performance.now()
  const lines: string[] = []
  const isGood = await run(argv, { signal, env, cwd: dir, onLine: (line) => lines.push(line) }).then(
    () => true,
    () => false,
  )
  signal.throwIfAborted()
  await Bun.write(log, lines.join('\n'))
  const cases = Number(/^ {2}(\d+) generated/m.exec(lines.join('\n'))?.[1] ?? 0)
  return {
    ...trial,
    isGood: isGood && cases > 0,
    cases,
    text: isGood ? '' : told(lines),
    seconds: (performance.now() - startedAt) / 1_000,
  }
}

/** From the first failure or error on, without the summary. */
function told(lines: readonly string[]): string {
  const start = lines.findIndex((line) => /^=+ (FAILURES|ERRORS) =+$/.test(line))
  const end = lines.findIndex((line) => /^=+ (WARNINGS|SUMMARY) =+$/.test(line))
  return (start < 0 ? lines.slice(-15) : lines.slice(start + 1, end < start ? undefined : end)).join('\n')
}

import { parseArgs } from 'node:util'
import type { Connections } from '../operate/connections.ts'
import type { Progress } from '../stack/progress.ts'
import { exitCodes, UsageError, type Outcome } from './exit-codes.ts'

/** One option of a verb; its help is made from this. */
export type OptionSpec =
  | { readonly type: 'boolean'; readonly doc: string }
  /** `value`: what stands for it in the help, `SEQ`. */
  | { readonly type: 'string'; readonly value: string; readonly doc: string }

export type OptionSpecs = Readonly<Record<string, OptionSpec>>
export type OptionValues<Specs extends OptionSpecs> = {
  readonly [Name in keyof Specs]: Specs[Name] extends { type: 'boolean' } ? boolean : string | undefined
}

export interface VerbSpec<Specs extends OptionSpecs> {
  /** As it is typed, with its arguments: `trace <aggregate> <id>`. */
  readonly usage: string
  /** What it does and what it leaves alone, for the help. */
  readonly doc: string
  readonly options: Specs
  /** It removes or overwrites something: `--yes` answers its question beforehand. */
  readonly destroys?: boolean
  /** For what it has to put back when it is interrupted; without it, it ends at once. */
  readonly graceMs?: number
  /** @throws UsageError, Unreachable, or any error whose message is fit for the person at the terminal */
  run(
    context: VerbContext,
    args: { readonly positionals: readonly string[]; readonly options: OptionValues<Specs> },
  ): Promise<Outcome>
}

export interface VerbContext {
  readonly connections: Connections
  /** On standard error, so that standard output is the result alone. */
  readonly progress: Progress
  readonly signal: AbortSignal
  /** Prints the result: as JSON for programs, as `show` has it for people. */
  print<T>(result: T, show: (result: T) => string): void
  /** Asks before something is lost. @throws UsageError where nobody can be asked and `--yes` was not given */
  confirm(question: string): void
}

/** A verb with its types forgotten, as the dispatcher runs it. */
export interface OperatorVerb {
  readonly help: string
  readonly graceMs: number
  /** @throws UsageError */
  parse(args: readonly string[]): ParsedVerb
}

export interface ParsedVerb {
  readonly help: boolean
  readonly json: boolean
  readonly yes: boolean
  run(context: VerbContext): Promise<Outcome>
}

export function operatorVerb<const Specs extends OptionSpecs>(spec: VerbSpec<Specs>): OperatorVerb {
  const options: OptionSpecs = {
    ...spec.options,
    ...(spec.destroys && { yes: { type: 'boolean', doc: 'do it without asking' } }),
    json: { type: 'boolean', doc: 'the result as JSON, for programs' },
    help: { type: 'boolean', doc: 'this text' },
  }
  return {
    help: helpOf(spec, options),
    graceMs: spec.graceMs ?? 0,
    parse(args) {
      const { values, positionals } = parsed(args, options)
      const flag = (name: string) => values[name] === true
      return {
        help: flag('help'),
        json: flag('json'),
        yes: flag('yes'),
        run: (context) =>
          spec.run(context, {
            positionals,
            options: Object.fromEntries(
              Object.entries(spec.options).map(([name, { type }]) => [
                name,
                type === 'boolean' ? flag(name) : values[name],
              ]),
            ) as OptionValues<Specs>,
          }),
      }
    },
  }
}

function parsed(args: readonly string[], options: OptionSpecs) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true })
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}

function helpOf({ usage, doc }: VerbSpec<OptionSpecs>, options: OptionSpecs): string {
  const shown = Object.entries(options).map(
    ([name, option]) =>
      [`--${name}${option.type === 'string' ? ` ${option.value}` : ''}`, option.doc] as const,
  )
  const width = Math.max(...shown.map(([name]) => name.length))
  return `usage: bun run ops -- ${usage} [options]

${doc.trim()}

${shown.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`).join('\n')}

Exit codes: ${Object.values(exitCodes)
    .map(({ code, word }) => `${code} ${word}`)
    .join(', ')}; \`ops --help\` says more.`
}

/** A whole number from an option. @returns undefined where it was not given @throws UsageError */
export function wholeNumber(
  name: string,
  text: string | undefined,
  { min = 0, max = Number.MAX_SAFE_INTEGER } = {},
): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new UsageError(
      `--${name} takes a whole number ${max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`}`,
    )
  return value
}

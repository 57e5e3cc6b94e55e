/**
 * One engine for every process's settings: a table of names gives the parser, the defaults, `.env.example` and the
 * README's table, so that they cannot drift apart.
 */
export interface Setting<T> {
  /** One sentence: meaning, unit, when to change it. */
  readonly doc: string
  readonly default: T | undefined
  /** A secret (or a URL that may hold one) is never printed. */
  readonly secret: boolean
  /** The allowed values in words, for errors and documentation. */
  readonly accepts: string
  /** Throws an Error whose message completes "NAME must be …". */
  readonly parse: (text: string) => T
  /** For rules across settings, asked once all are well-formed: completes "NAME …" where the value may not stand. */
  objection?(value: T, settings: Readonly<Record<string, unknown>>): string | undefined
}

export type SettingsTable = Readonly<Record<string, Setting<unknown>>>
export type Settings<Table extends SettingsTable> = {
  readonly [Name in keyof Table]: Table[Name] extends Setting<infer T> ? T : never
}

/** Every wrong or missing setting at once, one a line; the message is meant for the person at the terminal. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError'
}

/**
 * @param table the process's settings
 * @param env usually `process.env`; an empty string counts as absent
 * @throws SettingsError naming every setting that is missing or malformed
 */
export function loadSettings<Table extends SettingsTable>(
  table: Table,
  env: Readonly<Record<string, string | undefined>>,
): Settings<Table> {
  const values: Record<string, unknown> = {}
  const errors: string[] = []
  for (const [name, setting] of Object.entries(table)) {
    const text = env[name]?.trim()
    if (!text) {
      if (setting.default === undefined) errors.push(`${name} is not set: ${setting.doc}`)
      values[name] = setting.default
      continue
    }
    try {
      values[name] = setting.parse(text)
    } catch {
      const shown = setting.secret ? 'its value' : `"${text}"`
      errors.push(`${name} must be ${setting.accepts}, and ${shown} is not`)
    }
  }
  if (errors.length === 0)
    for (const [name, setting] of Object.entries(table)) {
      const objection = setting.objection?.(values[name], values)
      if (objection) errors.push(`${name} ${objection}`)
    }
  if (errors.length > 0) throw new SettingsError(`Settings to mend:\n  ${errors.join('\n  ')}`)
  return values as Settings<Table>
}

interface Common<T> {
  doc: string
  default?: T
}

export function integer(options: Common<number> & { min: number; max: number }): Setting<number> {
  const { min, max } = options
  return {
    ...base(options, `a whole number from ${min} to ${max}`),
    parse: (text) => {
      const value = Number(text)
      if (!/^-?\d+$/.test(text) || value < min || value > max) throw new Error('out of range')
      return value
    },
  }
}

export function text(options: Common<string> & { pattern?: RegExp; accepts?: string }): Setting<string> {
  return {
    ...base(options, options.accepts ?? 'a text'),
    parse: (value) => {
      if (options.pattern && !options.pattern.test(value)) throw new Error('malformed')
      return value
    },
  }
}

/** A URL; treated as a secret, since connection strings carry passwords. `''` as default makes it optional. */
export function url(options: Common<string> & { protocols: readonly string[] }): Setting<string> {
  const accepts = `a URL that starts with ${options.protocols.map((p) => `${p}//`).join(' or ')}`
  return {
    ...base(options, accepts),
    secret: true,
    parse: (value) => {
      if (!options.protocols.includes(new URL(value).protocol)) throw new Error('wrong protocol')
      return value
    },
  }
}

export function oneOf<const T extends string>(options: Common<T> & { values: readonly T[] }): Setting<T> {
  return {
    ...base(options, `one of ${options.values.join(', ')}`),
    parse: (value) => {
      const found = options.values.find((candidate) => candidate === value)
      if (found === undefined) throw new Error('unknown')
      return found
    },
  }
}

/** A comma-separated, non-empty subset of `values`. */
export function someOf<const T extends string>(
  options: Common<readonly T[]> & { values: readonly T[] },
): Setting<readonly T[]> {
  return {
    ...base(options, `a comma-separated choice of ${options.values.join(', ')}`),
    parse: (value) => {
      const parts = value.split(',').map((part) => part.trim())
      return parts.map((part) => {
        const found = options.values.find((candidate) => candidate === part)
        if (found === undefined) throw new Error('unknown')
        return found
      })
    },
  }
}

/** Comma-separated values of one pattern; the word `none` is the empty list. */
export function listOf(
  options: Common<readonly string[]> & { pattern: RegExp; accepts: string },
): Setting<readonly string[]> {
  return {
    ...base(options, options.accepts),
    parse: (value) => {
      if (value === 'none') return []
      const parts = value.split(',').map((part) => part.trim())
      if (!parts.every((part) => options.pattern.test(part))) throw new Error('malformed')
      return parts
    },
  }
}

function base<T>(options: Common<T>, accepts: string) {
  return { doc: options.doc, default: options.default, secret: false, accepts }
}

/** For `main.ts`: a wrong setting is told on standard error, all of them at once, and ends the process with 78. */
export function settingsOrExit<Table extends SettingsTable>(table: Table): Settings<Table> {
  try {
    return loadSettings(table, process.env)
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exit(78)
  }
}

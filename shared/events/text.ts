import { Kind, Type, TypeRegistry, type TSchema } from '@sinclair/typebox'

export interface TextRules {
  /** In characters (code points), as JSON Schema counts; a string's own length counts some of them twice. */
  readonly minLength: number
  readonly maxLength: number
  /** A regular expression that every language's engine knows: no look-around, no surrogates. */
  readonly pattern?: string
  /** What a client is told whose text is another. */
  readonly error: string
}

/**
 * A text whose rules mean the same here and to whoever reads the schema. Lone surrogates are refused beyond them: such
 * a string is no text in any encoding, so that no pattern can speak of it.
 */
export function text({ error, ...rules }: TextRules) {
  return Type.Unsafe<string>({ ...rules, [Kind]: kind, type: 'string', 'x-error': error })
}

/** A character class's content: what `trim` takes off, but for control characters. */
export const whiteSpace = ' \\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff'
/** A character class's content. */
export const controls = '\\u0000-\\u001f\\u007f-\\u009f'

const kind = 'Text'

TypeRegistry.Set<TSchema & Omit<TextRules, 'error'>>(kind, ({ minLength, maxLength, pattern }, value) => {
  // The first bound spares the rest the work on a megabyte.
  if (typeof value !== 'string' || value.length > 2 * maxLength || !value.isWellFormed()) return false
  // A character is one or two of its units: between these bounds there is nothing to count.
  const isWithin = value.length >= 2 * minLength && value.length <= maxLength
  const characters = isWithin ? maxLength : charactersOf(value)
  return (
    characters >= minLength &&
    characters <= maxLength &&
    (pattern === undefined || compiled(pattern).test(value))
  )
})

function charactersOf(text: string): number {
  let characters = 0
  for (const _ of text) characters++
  return characters
}

const expressions = new Map<string, RegExp>()

function compiled(pattern: string): RegExp {
  let expression = expressions.get(pattern)
  if (!expression) expressions.set(pattern, (expression = new RegExp(pattern, 'u')))
  return expression
}

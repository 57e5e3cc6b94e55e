/** What a command expects of the row it is meant for: that there is one, or that it has one of these versions. */
export type Expectation =
  | { readonly kind: 'exists' }
  /** None at all where what was sent can match no version. */
  | { readonly kind: 'versions'; readonly versions: readonly number[] }

/**
 * `If-Match` (RFC 9110, 13.1.1): `*`, or a list of entity tags, which are versions in quotes. Compared strongly: a weak
 * tag, a tag of another shape and a header that cannot be read match nothing. Pure.
 * @returns undefined where there is no header
 */
export function ifMatchOf(header: string | null): Expectation | undefined {
  if (header === null) return undefined
  if (header.trim() === '*') return { kind: 'exists' }
  const versions = new Set<number>()
  const rest = header.replace(entityTag, (_, weak: string | undefined, tag: string) => {
    if (weak === undefined && versionPattern.test(tag)) versions.add(Number(tag))
    return mark
  })
  const isList = rest.split(',').every((part) => ['', mark].includes(part.trim()))
  return { kind: 'versions', versions: isList ? [...versions].sort((a, b) => a - b) : [] }
}

/** Whether a row at this version is what was expected. */
export function meets(expectation: Expectation, version: number): boolean {
  switch (expectation.kind) {
    case 'exists':
      return true
    case 'versions':
      return expectation.versions.includes(version)
    default:
      return expectation satisfies never
  }
}

const entityTag = /(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"/g
/** In the place of a tag: no header holds it. */
const mark = '\0'
const versionPattern = /^[1-9]\d{0,14}$/

import { parseEntityTags } from '../../shared/http/entity-tags.ts'

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
  const tags = parseEntityTags(header)
  if (tags === '*') return { kind: 'exists' }
  const versions = (tags ?? [])
    .filter(({ isWeak, value }) => !isWeak && versionPattern.test(value))
    .map(({ value }) => Number(value))
  return { kind: 'versions', versions: [...new Set(versions)].sort((x, y) => x - y) }
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

/** As `versionTag` writes one. */
const versionPattern = /^[1-9]\d{0,14}$/

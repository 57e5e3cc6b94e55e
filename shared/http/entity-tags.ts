/** RFC 9110, 8.8.3. */
export interface EntityTag {
  /** Between the quotes. */
  readonly value: string
  readonly isWeak: boolean
}

/** The tag of a resource that is one version of one thing: strong, so that `If-Match` may carry it. */
export const versionTag = (version: number): string => `"${version}"`

/**
 * `If-Match` and `If-None-Match`: `*`, or a list of tags. Commas may stand inside a tag.
 * @returns undefined where it is neither
 */
export function parseEntityTags(header: string): '*' | readonly EntityTag[] | undefined {
  const text = header.trim()
  if (text === '*') return '*'
  const tags: EntityTag[] = []
  let at = 0
  while (at < text.length) {
    element.lastIndex = at
    const found = element.exec(text)
    if (!found) return undefined
    if (found[2] !== undefined) tags.push({ value: found[2], isWeak: found[1] !== undefined })
    at = element.lastIndex
  }
  return tags.length > 0 ? tags : undefined
}

/** One element of the list, which may be empty, with the comma behind it. */
const element = /[ \t]*(?:(W\/)?"([\x21\x23-\x7e\x80-\xff]*)")?[ \t]*(?:,|$)/y

/** Whether `If-None-Match` names this tag, by the weak comparison: then the client has it already. */
export function matchesNone(header: string, etag: string): boolean {
  // What nearly every client sends.
  if (header === etag) return true
  const tags = parseEntityTags(header)
  if (tags === undefined) return false
  if (tags === '*') return true
  const value = etag.replace(/^W\//, '').slice(1, -1)
  return tags.some((tag) => tag.value === value)
}

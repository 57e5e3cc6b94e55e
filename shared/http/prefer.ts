/**
 * Seconds of `Prefer: wait=N` (RFC 7240).
 * @returns undefined without it; one that cannot be read is ignored, as any preference that is not known
 */
export function preferredWaitS(header: string | null): number | undefined {
  if (header === null) return undefined
  // A value may stand in quotes, and so hold a comma.
  const plain = header.replace(/"((?:[^"\\]|\\.)*)"/g, (_, text: string) => (/^\d+$/.test(text) ? text : ''))
  const first = plain.split(',').find((preference) => /^\s*wait\s*(=|;|$)/i.test(preference))
  const seconds = first && /^\s*wait\s*=\s*(\d{1,9})\s*(;|$)/i.exec(first)?.[1]
  return seconds ? Number(seconds) : undefined
}

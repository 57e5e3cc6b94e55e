/** The same text for the same value, whatever the order of its keys; '' for undefined. */
export function canonicalJson(value: unknown): string {
  return (
    JSON.stringify(value, (_, node: unknown) =>
      typeof node === 'object' && node !== null && !Array.isArray(node)
        ? Object.fromEntries(Object.entries(node).sort(([a], [b]) => (a < b ? -1 : 1)))
        : node,
    ) ?? ''
  )
}

/** One element of a header such as `Accept` or `Accept-Encoding` (RFC 9110, 12.4.2). */
export interface Weighted {
  /** In lower case, without its parameters. */
  readonly value: string
  /** From 0, which rules it out, to 1. */
  readonly quality: number
}

/** An element whose weight cannot be read counts as if it had none. */
export function weighted(header: string): Weighted[] {
  const elements: Weighted[] = []
  for (const element of header.split(',')) {
    const [value = '', ...parameters] = element.split(';').map((part) => part.trim().toLowerCase())
    if (value === '') continue
    const weight = parameters.map((parameter) => /^q\s*=\s*([01](?:\.\d{0,3})?)$/.exec(parameter)?.[1])
    const quality = Math.min(1, Number(weight.find((found) => found !== undefined) ?? 1))
    elements.push({ value, quality })
  }
  return elements
}

/**
 * The media type to answer with: of those that are offered, the one that `Accept` ranks highest, the first where it
 * ranks several alike.
 * @returns undefined where it rules all of them out
 */
export function negotiated<Type extends string>(
  accept: string | null,
  offered: readonly [Type, ...Type[]],
): Type | undefined {
  if (accept === null || accept === '*/*' || accept === offered[0] || accept.trim() === '') return offered[0]
  const ranges = weighted(accept)
  let [best, highest]: [Type | undefined, number] = [undefined, 0]
  for (const type of offered) {
    const quality = qualityOf(type, ranges)
    if (quality > highest) [best, highest] = [type, quality]
  }
  return best
}

/** The most specific range that fits has the say. */
function qualityOf(type: string, ranges: readonly Weighted[]): number {
  for (const range of [type, `${type.split('/')[0]}/*`, '*/*']) {
    const found = ranges.filter(({ value }) => value === range)
    if (found.length > 0) return Math.max(...found.map(({ quality }) => quality))
  }
  return 0
}

/** Whether `Accept-Encoding` takes gzip, and likes it no less than what is not encoded. */
export function acceptsGzip(acceptEncoding: string | null): boolean {
  if (acceptEncoding === null) return false
  const codings = weighted(acceptEncoding)
  const qualities = (names: readonly string[]) =>
    codings.flatMap(({ value, quality }) => (names.includes(value) ? [quality] : []))
  const gzip = Math.max(0, ...(some(qualities(['gzip', 'x-gzip'])) ?? qualities(['*'])))
  return gzip > 0 && gzip >= Math.max(0, ...qualities(['identity']))
}

const some = (values: readonly number[]) => (values.length > 0 ? values : undefined)

/** True when `Accept` ranks JSON above HTML; without a preference it is the page. */
export const prefersJson = (accept: string | null): boolean =>
  negotiated(accept, ['text/html', 'application/json']) === 'application/json'

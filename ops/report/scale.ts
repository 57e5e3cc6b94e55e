export interface Scale {
  /** Where the value stands on the page. */
  at(value: number): number
  ticks: number[]
}

const TICKS = 5

/** From zero to a round number above `max`; some room, so that the highest point does not touch the frame. */
export function linearScale(max: number, [from, to]: [number, number]): Scale {
  const step = roundStep((max || 1) / TICKS)
  const top = Math.ceil(((max || 1) * 1.02) / step) * step
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, n) => clean(n * step))
  return { ticks, at: (value) => from + (value / top) * (to - from) }
}

/** Whole powers of ten around the values, with 2 and 5 between them where they are few. */
export function logScale([min, max]: [number, number], [from, to]: [number, number]): Scale {
  const low = Math.floor(Math.log10(min))
  const high = Math.max(low + 1, Math.ceil(Math.log10(max)))
  const powers = Array.from({ length: high - low + 1 }, (_, n) => clean(10 ** (low + n)))
  const between = high - low > 2 ? [] : powers.slice(0, -1).flatMap((power) => [2 * power, 5 * power])
  const at = (value: number) =>
    from + ((Math.log10(Math.max(value, 10 ** low)) - low) / (high - low)) * (to - from)
  return { ticks: [...powers, ...between.map(clean)].toSorted((a, b) => a - b), at }
}

/** The next 1, 2 or 5 times a power of ten. */
export function roundStep(step: number): number {
  const power = 10 ** Math.floor(Math.log10(step))
  const factor = [1, 2, 5, 10].find((candidate) => candidate * power >= step * 0.999)!
  return clean(factor * power)
}

/** Without what binary fractions add. */
const clean = (value: number) => Number(value.toPrecision(12))

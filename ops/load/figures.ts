import { shortNumber } from '../report/numbers.ts'

export const plural = (count: number, one: string) =>
  `${count.toLocaleString('en-US')} ${one}${count === 1 ? '' : 's'}`

export function duration(ms: number | undefined): string {
  if (ms === undefined) return '–'
  return ms < 1_000 ? `${shortNumber(ms)} ms` : `${shortNumber(ms / 1_000)} s`
}

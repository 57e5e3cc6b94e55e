import { textTable } from '../../../ops/cli/table.ts'
import { shortNumber, sum } from '../../../ops/report/numbers.ts'
import type { Row } from '../machinery/result.ts'
import type { BenchResult } from '../run.ts'

/** The rows for the terminal. */
export function textOf({ rows, failures, setting }: BenchResult): string {
  const table = textTable<Row>(
    [
      { title: ' ', cell: ({ ok }) => (ok === null ? ' ' : ok ? '✓' : '✗') },
      { title: 'row', cell: ({ title }) => title },
      { title: 'target', cell: ({ target }) => target ?? '' },
      { title: 'ours', cell: ({ ours, unit }) => figure(ours, unit), isFigure: true },
      { title: 'limit', cell: ({ twin, unit }) => figure(twin, unit), isFigure: true },
      { title: 'ratio', cell: ({ ratio }) => `${shortNumber(ratio)} ×`, isFigure: true },
      {
        title: 'CPU, ms each',
        cell: ({ cpu_ms }) => shortNumber(sum(Object.values(cpu_ms))),
        isFigure: true,
      },
      {
        title: 'T / T_max',
        cell: ({ of_t_max }) => (of_t_max === null ? '' : shortNumber(of_t_max)),
        isFigure: true,
      },
    ],
    rows,
  )
  const quick = setting.quick ? '\n\nSizes of --quick: this says that it works, not how fast it is.' : ''
  const failed = failures.map(({ part, reason }) => `\n✗ ${part} has no figure: ${reason}`)
  return `${table}${quick}${failed.join('')}`
}

export const figure = ({ rate, spread }: Row['ours'], unit: Row['unit']): string =>
  `${shortNumber(rate)}${unit === 'a second' ? '/s' : ` ${unit}`} ±${Math.round(spread * 50)} %`

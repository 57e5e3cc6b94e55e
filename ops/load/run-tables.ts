import type { Section } from '../report/page.ts'
import { mark, table } from '../report/table.ts'
import { duration } from './figures.ts'
import type { Measured } from './measure.ts'

export const budgetSection = ({ budgets }: Pick<Measured, 'budgets'>): Section => ({
  title: 'Budgets',
  body: table(
    [
      { title: 'of', isText: true, cell: ({ of }) => of },
      { title: 'budget', cell: ({ limit }) => limit },
      { title: 'measured', cell: ({ measured }) => measured },
      { title: '', isText: true, cell: ({ isMet }) => mark(isMet, isMet ? 'met' : 'broken') },
    ],
    budgets,
  ),
})

export const routeSection = ({ routes }: Pick<Measured, 'routes'>): Section => ({
  title: 'Requests by route',
  body: table(
    [
      { title: 'route', isText: true, cell: ({ name }) => name },
      { title: 'answered', cell: ({ answered }) => answered.toLocaleString('en-US') },
      {
        title: 'failed',
        cell: ({ failed, failures }) => (failed === 0 ? '0' : `${failed} (${failureList(failures)})`),
      },
      { title: 'p50', cell: ({ latencyMs }) => duration(latencyMs?.p50) },
      { title: 'p95', cell: ({ latencyMs }) => duration(latencyMs?.p95) },
      { title: 'p99', cell: ({ latencyMs }) => duration(latencyMs?.p99) },
      { title: 'max', cell: ({ latencyMs }) => duration(latencyMs?.max) },
    ],
    routes,
  ),
})

const failureList = (failures: Record<string, number>) =>
  Object.entries(failures)
    .map(([status, count]) => `${count} × ${status === '0' ? 'no answer' : status}`)
    .join(', ')

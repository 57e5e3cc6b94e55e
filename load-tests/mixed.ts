/** What do reads and writes cost each other: do both keep their budgets when one of five requests is a write? */
import { makeUsers, type Data } from './lib/data.ts'
import { read, write } from './lib/journeys.ts'
import { constantRate, loadOptions } from './lib/shape.ts'

const budgets = {
  'http_req_duration{scenario:writes}': ['p(95)<100', 'p(99)<250'],
  'http_req_duration{scenario:reads}': ['p(95)<100', 'p(99)<250'],
  'http_req_failed{scenario:writes}': ['rate==0'],
  'http_req_failed{scenario:reads}': ['rate==0'],
  checks: ['rate==1'],
  dropped_iterations: ['count==0'],
}

const shape = { rate: 400, durationS: 30 }

export const options = loadOptions({
  scenarios: {
    reads: constantRate({ ...shape, share: 0.8, exec: 'reads' }),
    writes: constantRate({ ...shape, share: 0.2, exec: 'writes' }),
  },
  budgets,
})

export const setup = () => makeUsers(1_000)

export const reads = ({ users }: Data) => read(users)
export const writes = ({ users }: Data) => write(users)

export { handleSummary } from './lib/summary.ts'

/** Does the write side keep its latency budget at this rate of commands? */
import { makeUsers, type Data } from './lib/data.ts'
import { write } from './lib/journeys.ts'
import { constantRate, loadOptions } from './lib/shape.ts'

const budgets = {
  'http_req_duration{scenario:writes}': ['p(95)<100', 'p(99)<250'],
  'http_req_failed{scenario:writes}': ['rate==0'],
  checks: ['rate==1'],
  dropped_iterations: ['count==0'],
}

export const options = loadOptions({
  scenarios: { writes: constantRate({ rate: 300, durationS: 30 }) },
  budgets,
})

export const setup = () => makeUsers(1_000)

export default function writes({ users }: Data): void {
  write(users)
}

export { handleSummary } from './lib/summary.ts'

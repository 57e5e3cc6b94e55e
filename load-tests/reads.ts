/** Does the read side keep its latency budget at this rate of queries, with nobody writing? */
import { makeUsers, type Data } from './lib/data.ts'
import { read } from './lib/journeys.ts'
import { constantRate, loadOptions } from './lib/shape.ts'

const budgets = {
  'http_req_duration{scenario:reads}': ['p(95)<100', 'p(99)<250'],
  'http_req_failed{scenario:reads}': ['rate==0'],
  checks: ['rate==1'],
  dropped_iterations: ['count==0'],
}

export const options = loadOptions({
  scenarios: { reads: constantRate({ rate: 500, durationS: 30 }) },
  budgets,
})

export const setup = () => makeUsers(1_000)

export default function reads({ users }: Data): void {
  read(users)
}

export { handleSummary } from './lib/summary.ts'

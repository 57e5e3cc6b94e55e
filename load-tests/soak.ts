/** Does the system stay as it is for a long time at a constant rate: its latency, and the memory of each process? */
import { makeUsers, type Data } from './lib/data.ts'
import { readOrWrite } from './lib/journeys.ts'
import { constantRate, loadOptions } from './lib/shape.ts'

const budgets = {
  'http_req_duration{scenario:soak}': ['p(95)<100', 'p(99)<250'],
  'http_req_failed{scenario:soak}': ['rate==0'],
  checks: ['rate==1'],
  dropped_iterations: ['count==0'],
}

export const options = loadOptions({
  scenarios: { soak: constantRate({ rate: 100, durationS: 1_200 }) },
  budgets,
})

export const setup = () => makeUsers(1_000)

export default function soak({ users }: Data): void {
  readOrWrite(users)
}

export { handleSummary } from './lib/summary.ts'

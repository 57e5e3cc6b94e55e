/** How long after the answer to a write does the read side show it, at several fixed rates? Asked by the token of each write. */
import type { Scenario, Threshold } from 'k6/options'
import { makeUsers, type Data } from './lib/data.ts'
import { loadOptions } from './lib/shape.ts'
import { whole, wholes } from './lib/settings.ts'
import { isWarm, stepsAt } from './lib/steps.ts'
import { writeUntilVisible } from './lib/visible.ts'

const stepS = whole('STEP_S') ?? 15

const scenarios: Record<string, Scenario> = {}
const budgets: Record<string, (string | Threshold)[]> = {
  checks: ['rate==1'],
  dropped_iterations: ['count==0'],
}
for (const { name, scenario } of stepsAt(wholes('RATES') ?? [50, 100, 200, 400], stepS)) {
  scenarios[name] = scenario
  budgets[`visible_since_answer{scenario:${name}}`] = ['med<20', 'p(99)<100']
  budgets[`http_req_failed{scenario:${name}}`] = ['rate==0']
}

export const options = loadOptions({ scenarios, budgets })

export const setup = () => makeUsers(1_000)

export default function lag({ users }: Data): void {
  writeUntilVisible(users, isWarm(stepS))
}

export { handleSummary } from './lib/summary.ts'

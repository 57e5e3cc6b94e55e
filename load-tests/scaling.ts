/** At which rate does one side's latency budget break? Each step is half as fast again as the one before, until one breaks it by far. */
import { Counter } from 'k6/metrics'
import type { Scenario, Threshold } from 'k6/options'
import { makeUsers, type Data } from './lib/data.ts'
import { read, write } from './lib/journeys.ts'
import { loadOptions } from './lib/shape.ts'
import { rateWanted, settingOf, whole } from './lib/settings.ts'
import { isWarm, stepsAt } from './lib/steps.ts'

const journey = settingOf('SIDE') === 'writes' ? write : read
const firstRate = rateWanted ?? 200
const stepCount = whole('STEPS') ?? 10
const stepS = whole('STEP_S') ?? 8
const budgetMs = whole('BUDGET_MS') ?? 100

const GROWTH = 1.5

/** So many times the budget, and that part of a step's journeys: then nothing faster is worth a try. */
const FAR_BEYOND = 4
const PART_MAX = 0.1

const rates = Array.from({ length: stepCount }, (_, n) => Math.round(firstRate * GROWTH ** n))

const farTooSlow = new Counter('far_too_slow')
const scenarios: Record<string, Scenario> = {}
const budgets: Record<string, Threshold[]> = {}
for (const { name, rate, scenario } of stepsAt(rates, stepS)) {
  scenarios[name] = scenario
  // One hiccup is not a system's end, and what it does beyond its end is part of the answer: only far beyond it the run
  // stops. Counts can be judged at any time; a percentile of the first moments could not.
  const most = Math.floor(rate * stepS * PART_MAX)
  budgets[`far_too_slow{scenario:${name}}`] = [{ threshold: `count<=${most}`, abortOnFail: true }]
  budgets[`dropped_iterations{scenario:${name}}`] = [{ threshold: `count<=${most}`, abortOnFail: true }]
}

export const options = loadOptions({ scenarios, budgets })

export const setup = () => makeUsers(1_000)

export default function step({ users }: Data): void {
  const startedAtMs = Date.now()
  const isCounted = isWarm(stepS)
  journey(users)
  if (isCounted && Date.now() - startedAtMs > budgetMs * FAR_BEYOND) farTooSlow.add(1)
}

export { handleSummary } from './lib/summary.ts'

import type { Options, Scenario } from 'k6/options'
import { connectionsWanted, durationWantedS, rateWanted } from './settings.ts'

export interface Shape {
  /** Of the whole script, in requests a second; RATE overrides it. */
  rate: number
  /** DURATION_S overrides it. */
  durationS: number
  /** This scenario's part of the rate. */
  share?: number
  /** Whatever RATE and DURATION_S say. */
  isFixed?: boolean
  exec?: string
}

/** Begins as many journeys a second whatever the answers take, so that a stall is counted and not waited out. */
export function constantRate({ rate, durationS, share = 1, isFixed = false, exec }: Shape): Scenario {
  const wanted = Math.max(1, Math.round((isFixed ? rate : (rateWanted ?? rate)) * share))
  return {
    executor: 'constant-arrival-rate',
    rate: wanted,
    timeUnit: '1s',
    duration: `${isFixed ? durationS : (durationWantedS ?? durationS)}s`,
    ...virtualUsers(wanted),
    gracefulStop: '10s',
    ...(exec && { exec }),
  }
}

/**
 * Enough for half a second without an answer. All of them are there from the start: to make one in the middle of a run
 * costs more than many requests.
 */
export function virtualUsers(rate: number): { preAllocatedVUs: number; maxVUs: number } {
  const count = connectionsWanted ?? Math.min(500, Math.max(50, Math.ceil(rate / 2)))
  return { preAllocatedVUs: count, maxVUs: count }
}

export function loadOptions(load: {
  scenarios: Record<string, Scenario>
  budgets: Required<Options>['thresholds']
}): Options {
  return {
    scenarios: load.scenarios,
    thresholds: load.budgets,
    setupTimeout: '180s',
    // Neither the URL nor the connection: each series of figures has a price.
    systemTags: ['scenario', 'name', 'method', 'status', 'expected_response', 'error_code', 'check'],
    summaryTrendStats: ['med', 'p(95)', 'p(99)', 'p(99.9)', 'max', 'count'],
  }
}

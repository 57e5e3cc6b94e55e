/** Does a sudden tenfold load lose anything, and how long after it is everything as quick as before? */
import { makeUsers, type Data } from './lib/data.ts'
import { readOrWrite } from './lib/journeys.ts'
import { constantRate, loadOptions } from './lib/shape.ts'
import { durationWantedS, rateWanted } from './lib/settings.ts'
import { writeUntilVisible } from './lib/visible.ts'

const TIMES = 10
const PROBES_PER_SECOND = 20

const rate = rateWanted ?? 100
const spikeS = durationWantedS ?? 10
const afterS = spikeS * 3

const budgets = {
  http_req_failed: ['rate==0'],
  checks: ['rate==1'],
  dropped_iterations: ['count==0'],
}

const shape = { isFixed: true, exec: 'load' }

export const options = loadOptions({
  scenarios: {
    before: constantRate({ ...shape, rate, durationS: spikeS }),
    spike: {
      ...constantRate({ ...shape, rate: rate * TIMES, durationS: spikeS }),
      startTime: `${spikeS}s`,
    },
    after: { ...constantRate({ ...shape, rate, durationS: afterS }), startTime: `${2 * spikeS}s` },
    // All the time, so that the lag is seen in the same way before, during and after.
    probes: constantRate({
      isFixed: true,
      rate: PROBES_PER_SECOND,
      durationS: 2 * spikeS + afterS,
      exec: 'probe',
    }),
  },
  budgets,
})

export const setup = () => makeUsers(1_000)

export const load = ({ users }: Data) => readOrWrite(users)
export const probe = ({ users }: Data) => writeUntilVisible(users)

export { handleSummary } from './lib/summary.ts'

import { replicaOf } from './spread.ts'

/** What `npm run load` and the environment may say; everything else stands in the scripts. */
export const commandUrl = replicaOf(__ENV['COMMAND_URL'] || 'http://127.0.0.1:3000', __VU)
export const queryUrl = replicaOf(__ENV['QUERY_URL'] || 'http://127.0.0.1:3001', __VU)

/** Requests a second, instead of the script's own figure. */
export const rateWanted = whole('RATE')
export const durationWantedS = whole('DURATION_S')
/** Most requests at a time. */
export const connectionsWanted = whole('CONNECTIONS')
/** Users that are made before the run. */
export const usersWanted = whole('USERS')

/** Whether each write has an `Idempotency-Key`; `KEYS=0` leaves it out. */
export const hasKeys = __ENV['KEYS'] !== '0'

/** Whether acknowledged writes are written down, one a line. */
export const isRecorded = __ENV['RECORD'] === '1'
/** Where the end summary goes as JSON. */
export const summaryFile = __ENV['SUMMARY_FILE']

/** So many seconds a read with a token asks to be waited for; the service may know a shorter longest. */
export const waitS = whole('WAIT_S') ?? 10

/** Of one script alone. */
export const settingOf = (name: string) => __ENV[name]

export function whole(name: string): number | undefined {
  return wholes(name)?.[0]
}

/** With commas between them. */
export function wholes(name: string): number[] | undefined {
  const text = __ENV[name]
  if (!text) return undefined
  return text.split(',').map((part) => {
    if (/^[1-9]\d*$/.test(part)) return Number(part)
    throw new Error(`${name} must be a whole number above 0, and "${part}" is not`)
  })
}

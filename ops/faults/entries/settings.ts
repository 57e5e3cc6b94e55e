/** The settings that the harness has for its relays, beside the relay's own. */
export const recordFileSetting = 'FAULTS_RECORD_FILE'
/** Where it dies once it is armed: one of `relayPoints`. */
export const pointSetting = 'FAULTS_POINT'

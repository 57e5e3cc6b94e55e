/**
 * The outbox's names and limits that code outside the migrations needs. The log itself is made in
 * `command/migrations/`: append-only, its order being the commit order.
 */

/** Transaction-level advisory lock that serialises all appends; taken by the table's trigger, held through COMMIT. */
export const appendLockKey = 0x6f7574626f78 // "outbox" in ASCII
/** Held while segments are made, so that two relays do not make the same one. */
export const segmentsLockKey = appendLockKey + 1
/** Held by the one process that migrates; session level, on a connection of its own. */
export const migrationLockKey = appendLockKey + 2
/** Held by the one command process that deletes expired answers at the moment. */
export const keysSweepLockKey = appendLockKey + 3

/** Rung after a commit; a hint that shortens the relay's nap, polling being the truth. */
export const doorbellChannel = 'outbox'
/** Rung when the active relay gives its lease back. */
export const leaseChannel = 'outbox_lease'

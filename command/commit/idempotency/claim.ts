import type { Command } from '../command.ts'
import type { PlannedOutcome } from '../plan.ts'
import type { Statement } from '../statements.ts'
import { fingerprintOf } from './fingerprint.ts'
import { settleByKey, type KeyState } from './settle.ts'
import { claimStatement, keyStateOf, type ClaimRow } from './statements.ts'

/** Each claim is an entry of PostgreSQL's lock table, which all sessions share and which holds some 6,400. */
const claimsMax = 512

export interface Claim {
  /** Outcomes that keys decide; all other commands are to be carried out. */
  readonly settled: ReadonlyMap<Command, PlannedOutcome>
  /** Keys whose rows have to go before they can be written again. */
  readonly expired: readonly string[]
}

const nothing: Claim = { settled: new Map(), expired: [] }

/** The first statement of a transaction whose commands have keys; none at all where no command has one. */
export async function claimKeys(
  commands: readonly Command[],
  execute: (statement: Statement) => Promise<ClaimRow[]>,
): Promise<Claim> {
  const ids = new Set<string>()
  for (const command of commands) {
    const fingerprint = fingerprintOf(command)
    if (fingerprint && ids.size < claimsMax) ids.add(fingerprint.id)
  }
  if (ids.size === 0) return nothing
  const states = new Map<string, KeyState>()
  const expired: string[] = []
  for (const row of await execute(claimStatement([...ids]))) {
    states.set(row.id, keyStateOf(row))
    if (row.state === 'expired') expired.push(row.id)
  }
  return { settled: settleByKey(commands, ids, states), expired }
}

import type { Command, DecidedResult, KeptAnswer } from '../command.ts'
import type { PlannedOutcome } from '../plan.ts'
import { fingerprintOf } from './fingerprint.ts'

/** What a transaction that claimed a key found out about it; absent for a key that is free and was never used. */
export type KeyState =
  /** Another process is carrying out a command with it right now. */
  | { readonly kind: 'in-use' }
  | { readonly kind: 'answered'; readonly payload: string; readonly answer: KeptAnswer }
  /** Free again; its row is still there. */
  | { readonly kind: 'expired' }

/**
 * The commands of a batch that their keys decide: repeats of what is done, keys used for something else, and those that
 * have to come again. All others are to be carried out. Pure.
 * @param claimed the keys that were asked for; a command with another one comes again in the next batch
 */
export function settleByKey(
  commands: readonly Command[],
  claimed: ReadonlySet<string>,
  states: ReadonlyMap<string, KeyState>,
): Map<Command, PlannedOutcome> {
  const settled = new Map<Command, PlannedOutcome>()
  const taken = new Set<string>()
  for (const command of commands) {
    const fingerprint = fingerprintOf(command)
    if (!fingerprint) continue
    const { id, payload } = fingerprint
    const state = states.get(id)
    switch (state?.kind) {
      case 'in-use':
        settled.set(command, { kind: 'requeue', reason: 'key-in-use' })
        break
      case 'answered':
        settled.set(
          command,
          payload === state.payload ? { kind: 'replayed', answer: state.answer } : { kind: 'key-reused' },
        )
        break
      case 'expired':
      case undefined:
        // The second of one batch finds the first one's answer in the next.
        if (taken.has(id) || !claimed.has(id)) settled.set(command, { kind: 'requeue', reason: 'key-later' })
        taken.add(id)
        break
      default:
        return state satisfies never
    }
  }
  return settled
}

export interface AnswerToKeep {
  readonly id: string
  readonly payload: string
  readonly answer: KeptAnswer
}

/** What a repeat will be told. Invalid input is not kept: the client may mend it and come again with its key. Pure. */
export function answersToKeep(
  commands: readonly Command[],
  outcomes: readonly PlannedOutcome[],
): AnswerToKeep[] {
  const answers: AnswerToKeep[] = []
  for (const [index, command] of commands.entries()) {
    const fingerprint = fingerprintOf(command)
    const outcome = outcomes[index]
    if (fingerprint && command.idempotency && outcome && isKept(outcome))
      answers.push({ ...fingerprint, answer: command.idempotency.answerOf(outcome) })
  }
  return answers.sort((a, b) => (a.id < b.id ? -1 : 1))
}

function isKept(outcome: PlannedOutcome): outcome is DecidedResult {
  switch (outcome.kind) {
    case 'stored':
    case 'deleted':
      return true
    case 'rejected':
      return outcome.rejection.reason !== 'invalid'
    case 'replayed':
    case 'key-reused':
    case 'requeue':
    case 'defect':
      return false
    default:
      return outcome satisfies never
  }
}

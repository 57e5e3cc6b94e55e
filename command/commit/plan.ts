import { isDeepStrictEqual } from 'node:util'
import { changedField } from '../../shared/events/changed.ts'
import type { EventHeaders } from '../../shared/events/envelope.ts'
import type { Aggregate, AggregateState, Rejection } from './aggregate.ts'
import { changedFields } from './changed.ts'
import type { Command, CommandResult } from './command.ts'
import { meets } from './if-match.ts'

/** A row as the locking read found it. `locked-elsewhere`: it exists and somebody else holds it. */
export type Loaded = { readonly version: number; readonly state: AggregateState } | 'locked-elsewhere'

export interface PlannedEvent {
  readonly id: string
  readonly aggregate: string
  readonly aggregateId: string
  readonly type: string
  readonly version: number
  readonly data: unknown
  /** `data` as JSON; made once, for its size and for the append. */
  readonly payload: string
  readonly headers: EventHeaders
  readonly headersJson: string
  readonly occurredAt: string
}

/** The final row of one aggregate: the last event's state, its version, and its unique values by column. */
export type PlannedRow = Record<string, unknown> & { readonly id: string; readonly version: number }

export interface PlannedWrites {
  readonly inserts: PlannedRow[]
  readonly updates: PlannedRow[]
  readonly deletes: string[]
}

export type PlannedOutcome =
  | CommandResult
  /**
   * Not decided in this batch: the row is locked elsewhere, a unique value is freed by this very batch, or the
   * idempotency key is held by another process or has its turn in a later batch.
   */
  | { readonly kind: 'requeue'; readonly reason: 'locked' | 'freed' | 'key-in-use' | 'key-later' }
  /** The decision is broken: it threw, or its event does not fit its schema. */
  | { readonly kind: 'defect'; readonly error: Error }

export interface Plan {
  /** One per command, in order. */
  readonly outcomes: readonly PlannedOutcome[]
  readonly writes: ReadonlyMap<string, PlannedWrites>
  /** In arrival order, which per aggregate is version order. */
  readonly events: readonly PlannedEvent[]
  /** Every unique value that a command asked for, whether it got it or not. */
  readonly claims: ReadonlySet<string>
}

export interface PlanInput {
  readonly commands: readonly Command[]
  readonly aggregates: ReadonlyMap<string, Aggregate>
  /** What is settled beforehand, by idempotency keys, and takes no part in the batch. */
  readonly settled?: ReadonlyMap<Command, PlannedOutcome>
  /** By {@link rowKey}; absent where there is no row. */
  readonly loaded: ReadonlyMap<string, Loaded>
  /**
   * By {@link claimKey}: the id of the row that has the value, null where none has. Undefined in the first of the two
   * passes, which finds out which values to look up; a value missing in the second sends its command to the next batch.
   */
  readonly owners?: ReadonlyMap<string, string | null>
  readonly now: string
  readonly newId: () => string
  /** Why an event cannot be appended, undefined when it can. */
  readonly accept?: (event: PlannedEvent) => string | undefined
}

export const rowKey = (aggregate: string, id: string) => `${aggregate}/${id}`
/** The value comes last, since it may hold any separator. */
export const claimKey = (aggregate: string, unique: string, value: string) =>
  `${aggregate}/${unique}/${value}`

/**
 * Decides a batch in arrival order, folding the commands on one aggregate: one final row, one event per step, the row
 * equal to the last event. Pure.
 */
export function planBatch(input: PlanInput): Plan {
  const slots = new Map<string, Slot>()
  /** Who got a value in this batch. */
  const taken = new Map<string, Slot>()
  const claims = new Set<string>()
  const events: PlannedEvent[] = []
  const outcomes = input.commands.map((command): PlannedOutcome => {
    try {
      return input.settled?.get(command) ?? decideOne(command)
    } catch (error) {
      // A broken decision fails alone.
      return { kind: 'defect', error: error instanceof Error ? error : new Error(String(error)) }
    }
  })
  return { outcomes, events, claims, writes: writesOf(slots.values()) }

  function decideOne(command: Command): PlannedOutcome {
    const aggregate = input.aggregates.get(command.aggregate)
    const decide = aggregate?.decide[command.name]
    if (!aggregate || !decide)
      return { kind: 'defect', error: new Error(`no command ${command.aggregate}.${command.name}`) }
    const key = rowKey(command.aggregate, command.id)
    const loaded = input.loaded.get(key)
    if (loaded === 'locked-elsewhere') return { kind: 'requeue', reason: 'locked' }
    let slot = slots.get(key)
    if (!slot) {
      slot = {
        aggregate,
        id: command.id,
        original: loaded,
        state: loaded?.state,
        version: loaded?.version ?? 0,
      }
      slots.set(key, slot)
    }
    const { expect } = command
    if (expect && slot.state && !meets(expect, slot.version)) return conflict(slot.version)
    const decision = decide(withoutOwnTimestamp(slot.state), command.input, {
      id: command.id,
      now: input.now,
    })
    // What is made where there is nothing cannot have been expected to be there.
    if (expect && !slot.state && decision.kind !== 'rejection') return conflict()
    switch (decision.kind) {
      case 'rejection':
        return { kind: 'rejected', rejection: decision }
      case 'deletion':
        return remove(slot, command, decision.type, decision.data)
      case 'event':
        return store(slot, command, decision.type, decision.state)
      default:
        return decision satisfies never
    }
  }

  function store(slot: Slot, command: Command, type: string, wanted: AggregateState): PlannedOutcome {
    if (slot.state && isDeepStrictEqual(withoutOwnTimestamp(slot.state), wanted))
      return { kind: 'stored', version: slot.version, state: { ...slot.state }, changed: false }
    const state = { ...wanted, updated_at: input.now }
    const refusal =
      claimAll(slot, wanted) ??
      append(slot, command, type, state, () => changedFields(slot.state, wanted, command.input))
    if (refusal) return refusal
    slot.state = state
    return { kind: 'stored', version: slot.version, state, changed: true }
  }

  function remove(slot: Slot, command: Command, type: string, data: unknown): PlannedOutcome {
    const refusal = append(slot, command, type, data, () => [])
    if (refusal) return refusal
    slot.state = undefined
    return { kind: 'deleted', version: slot.version }
  }

  /** All unique values of a state, or none. */
  function claimAll(slot: Slot, wanted: AggregateState): PlannedOutcome | undefined {
    const got: string[] = []
    for (const [name, unique] of Object.entries(slot.aggregate.unique)) {
      const value = unique.key(wanted)
      if (slot.state && unique.key(slot.state) === value) continue
      const claim = claimKey(slot.aggregate.name, name, value)
      claims.add(claim)
      const refusal = refuse(slot, claim, name, unique.key)
      if (refusal) return refusal
      got.push(claim)
    }
    for (const claim of got) taken.set(claim, slot)
    return undefined
  }

  function refuse(
    slot: Slot,
    claim: string,
    name: string,
    keyOf: (state: AggregateState) => string,
  ): PlannedOutcome | undefined {
    const rejection: Rejection = { kind: 'rejection', reason: 'duplicate', field: name }
    const holds = (other: Slot) =>
      other.state !== undefined && claimKey(other.aggregate.name, name, keyOf(other.state)) === claim
    const taker = taken.get(claim)
    if (taker && taker !== slot)
      // Had by an earlier command of this batch. Given up again: free in the next batch, since the statements that
      // write this one would meet the value in both rows.
      return holds(taker) ? { kind: 'rejected', rejection } : { kind: 'requeue', reason: 'freed' }
    if (!input.owners) return undefined
    const owner = input.owners.get(claim)
    if (owner === undefined) return { kind: 'requeue', reason: 'freed' }
    if (owner === null || owner === slot.id) return undefined
    const ownerSlot = slots.get(rowKey(slot.aggregate.name, owner))
    return ownerSlot && !holds(ownerSlot)
      ? { kind: 'requeue', reason: 'freed' }
      : { kind: 'rejected', rejection }
  }

  function append(
    slot: Slot,
    command: Command,
    type: string,
    told: unknown,
    changed: () => string[],
  ): PlannedOutcome | undefined {
    const { events: catalogue } = slot.aggregate
    const data = catalogue.tellingChanges.has(type)
      ? { ...(told as object), [changedField]: input.owners ? changed() : null }
      : told
    if (input.owners) catalogue.validate(type, data)
    const planned: PlannedEvent = {
      id: input.owners ? input.newId() : '',
      aggregate: slot.aggregate.name,
      aggregateId: slot.id,
      type,
      version: slot.version + 1,
      data,
      // The first pass only asks which values to look up.
      payload: input.owners ? JSON.stringify(data) : '',
      headers: command.headers,
      headersJson: input.owners ? JSON.stringify(command.headers) : '',
      occurredAt: input.now,
    }
    const detail = input.accept?.(planned)
    if (detail !== undefined)
      return { kind: 'rejected', rejection: { kind: 'rejection', reason: 'invalid', detail } }
    slot.version = planned.version
    events.push(planned)
    return undefined
  }
}

/** One aggregate in the course of a batch. */
interface Slot {
  readonly aggregate: Aggregate
  readonly id: string
  readonly original: Exclude<Loaded, string> | undefined
  state: AggregateState | undefined
  version: number
}

const conflict = (version?: number): PlannedOutcome => ({
  kind: 'rejected',
  rejection: {
    kind: 'rejection',
    reason: 'version-conflict',
    ...(version === undefined ? undefined : { version }),
  },
})

function withoutOwnTimestamp(state: AggregateState | undefined): AggregateState | undefined {
  if (!state || !('updated_at' in state)) return state
  const { updated_at: _, ...rest } = state as AggregateState & { updated_at: unknown }
  return rest
}

function writesOf(slots: Iterable<Slot>): Map<string, PlannedWrites> {
  const writes = new Map<string, PlannedWrites>()
  for (const slot of slots) {
    if (slot.version === (slot.original?.version ?? 0)) continue
    let planned = writes.get(slot.aggregate.name)
    if (!planned) writes.set(slot.aggregate.name, (planned = { inserts: [], updates: [], deletes: [] }))
    if (slot.state) (slot.original ? planned.updates : planned.inserts).push(rowOf(slot, slot.state))
    else if (slot.original) planned.deletes.push(slot.id)
  }
  return writes
}

function rowOf(slot: Slot, state: AggregateState): PlannedRow {
  const uniques = Object.values(slot.aggregate.unique).map(({ column, key }) => [column, key(state)])
  return { ...state, ...Object.fromEntries(uniques), version: slot.version }
}

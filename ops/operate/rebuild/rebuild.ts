import { atGeneration, type ReadModel } from '../../../query/projector/read-model.ts'
import {
  createPointers,
  type Pointer,
  type PointerChange,
} from '../../../query/projector/generations/pointers.ts'
import type { Rebuild } from '../../../query/projector/generations/rebuild-state.ts'
import { delay } from '../../../shared/process/backoff.ts'
import { operatorName } from '../replay.ts'
import { compareSettled, type Comparison } from './compare.ts'
import { filled } from './fill.ts'
import { seenByAll } from './replicas.ts'
import { retire } from './retire.ts'
import { RebuildError, type RebuildDeps } from './deps.ts'

export interface RebuildOutcome {
  readonly readModel: string
  /** `switched`: the generation before is still fed, and `rollBack` goes back to it until `finish`. */
  readonly state: 'switched' | 'finished' | 'rolled-back' | 'given-up'
  readonly serving: number
  /** Still fed beside it. */
  readonly beside: number | undefined
  /** Why it was given up. */
  readonly failure: string | undefined
  /** Of this run; undefined where an earlier one had compared. */
  readonly comparison: Comparison | undefined
}

/**
 * Builds a read model anew beside the one that is read, with no pause: another generation gets its own queues and
 * collection, is filled by a replay of everything, compared, and then read, by one write. Goes on where an earlier run
 * ended, wherever that was: its state is in the pointer.
 * @param keepMs how long the generation before is kept for a rollback before it is taken away; undefined leaves that
 * to `finish`
 * @throws RebuildError with the reason; the new generation is taken away then, and reads were never touched
 */
export async function rebuild(
  deps: RebuildDeps,
  name: string,
  { keepMs }: { keepMs?: number | undefined } = {},
): Promise<RebuildOutcome> {
  const { model, pointer } = await known(deps, name)
  const phase = pointer.rebuild?.phase
  switch (phase) {
    case undefined:
      return fill(deps, model, await begin(deps, model, pointer), keepMs)
    case 'filling':
      return fill(deps, model, pointer, keepMs)
    case 'retiring':
      return takeAway(deps, model, pointer)
    case 'switched':
    case 'rolled-back':
      throw new RebuildError(`the last rebuild of ${name} is not over: finish it, or roll it back, first`)
    default:
      return phase satisfies never
  }
}

/** Reads what was read before the rebuild again; where it has not switched yet, gives it up. */
export async function rollBack(deps: RebuildDeps, name: string): Promise<RebuildOutcome> {
  const { model, pointer } = await known(deps, name)
  const phase = pointer.rebuild?.phase
  switch (phase) {
    case 'filling':
      return takeAway(deps, model, await giveUp(deps, pointer, 'rolled back by an operator'))
    case 'switched': {
      const state = pointer.rebuild!
      const back = await change(deps, pointer, {
        serving: state.from,
        rebuild: { ...state, phase: 'rolled-back' },
      })
      await seenByAll(deps, back)
      return outcome(back, 'rolled-back')
    }
    case 'rolled-back':
      await seenByAll(deps, pointer)
      return outcome(pointer, 'rolled-back')
    case 'retiring':
    case undefined:
      throw new RebuildError(`there is nothing to roll back: ${name} has one generation`)
    default:
      return phase satisfies never
  }
}

/** Takes away the generation that is not read. From then on there is no way back. */
export async function finish(deps: RebuildDeps, name: string): Promise<RebuildOutcome> {
  const { model, pointer } = await known(deps, name)
  const phase = pointer.rebuild?.phase
  switch (phase) {
    case 'switched':
    case 'rolled-back':
      return takeAway(deps, model, await retiring(deps, pointer, {}))
    case 'retiring':
      return takeAway(deps, model, pointer)
    case 'filling':
      throw new RebuildError(`the rebuild of ${name} has not switched yet`)
    case undefined:
      throw new RebuildError(`there is nothing to finish: ${name} has one generation`)
    default:
      return phase satisfies never
  }
}

async function begin(deps: RebuildDeps, model: ReadModel, pointer: Pointer): Promise<Pointer> {
  const to = pointer.highest + 1
  return change(deps, pointer, {
    fed: [...pointer.fed, to],
    highest: to,
    projections: { ...pointer.projections, [to]: model.generation },
    rebuild: {
      phase: 'filling',
      from: pointer.serving,
      to,
      started_at: new Date().toISOString(),
      started_by: operatorName(),
    },
  })
}

async function fill(
  deps: RebuildDeps,
  model: ReadModel,
  pointer: Pointer,
  keepMs: number | undefined,
): Promise<RebuildOutcome> {
  const state = pointer.rebuild!
  const [from, to] = [atGeneration(model, state.from), atGeneration(model, state.to)]
  let comparison: Comparison
  try {
    if (pointer.projections[state.to] !== model.generation)
      throw new RebuildError(`the projection of ${model.name} has changed since the rebuild began`)
    await seenByAll(deps, pointer)
    await filled(deps, { from, to })
    comparison = await compareSettled(deps, { from, to })
  } catch (error) {
    if (!(error instanceof RebuildError) || error.isForeign) throw error
    await takeAway(deps, model, await giveUp(deps, pointer, error.message))
    throw error
  }
  const switched = await change(deps, pointer, {
    serving: state.to,
    rebuild: { ...state, phase: 'switched', switched_at: new Date().toISOString() },
  })
  deps.onProgress('switch', `reads go to generation ${state.to}`)
  await seenByAll(deps, switched)
  if (keepMs === undefined) return outcome(switched, 'switched', comparison)
  deps.onProgress('keep', `generation ${state.from} is kept for ${Math.ceil(keepMs / 60_000)} minutes`)
  await delay(keepMs, deps.signal)
  deps.signal.throwIfAborted()
  return { ...(await finish(deps, model.name)), comparison }
}

const giveUp = (deps: RebuildDeps, pointer: Pointer, failure: string) => retiring(deps, pointer, { failure })

/** From here on only what is read is fed. */
function retiring(deps: RebuildDeps, pointer: Pointer, more: Pick<Rebuild, 'failure'>): Promise<Pointer> {
  return change(deps, pointer, {
    fed: [pointer.serving],
    rebuild: { ...pointer.rebuild!, ...more, phase: 'retiring' },
  })
}

async function takeAway(deps: RebuildDeps, model: ReadModel, pointer: Pointer): Promise<RebuildOutcome> {
  const state = pointer.rebuild!
  const generation = pointer.serving === state.to ? state.from : state.to
  deps.onProgress('retire', `generation ${generation} is no longer fed`)
  // Nobody reads it and nobody would declare its queues again.
  await seenByAll(deps, pointer)
  await retire(deps, atGeneration(model, generation))
  const { [generation]: _, ...projections } = pointer.projections
  const done = await change(deps, pointer, { projections, rebuild: undefined })
  const { failure } = state
  return { ...outcome(done, failure === undefined ? 'finished' : 'given-up'), failure }
}

async function known(deps: RebuildDeps, name: string): Promise<{ model: ReadModel; pointer: Pointer }> {
  const model = deps.readModels.find((candidate) => candidate.name === name)
  if (!model) throw new RebuildError(`there is no read model "${name}"`)
  const pointer = await createPointers(deps.collectionOf).find(name)
  if (!pointer) throw new RebuildError(`no query service has been at this store yet: start one`)
  return { model, pointer }
}

async function change(deps: RebuildDeps, pointer: Pointer, to: PointerChange): Promise<Pointer> {
  const changed = await createPointers(deps.collectionOf).change(pointer, to)
  if (!changed) throw new RebuildError(`somebody else is rebuilding ${pointer.name}`, { isForeign: true })
  return changed
}

function outcome(
  { name, serving, fed }: Pointer,
  state: RebuildOutcome['state'],
  comparison?: Comparison,
): RebuildOutcome {
  const beside = fed.find((one) => one !== serving)
  return { readModel: name, state, serving, beside, comparison, failure: undefined }
}

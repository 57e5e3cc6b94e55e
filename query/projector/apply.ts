import { fold } from './fold.ts'
import { Poison, prepare, type Message, type Prepared } from './prepare.ts'
import type { ReadModel } from './read-model.ts'
import { DocumentFault, type StoreWriter, type WriteOutcome } from './store-writer.ts'

export interface Applied {
  /** Of the contiguous prefix that is in the store now, and may be acknowledged. */
  readonly prepared: readonly Prepared[]
  readonly outcome: WriteOutcome
  /** What stands behind the prefix, and stops the partition. */
  readonly poison: Poison | undefined
}

/**
 * Prepares a batch up to its first poisoned message and writes that prefix.
 * @param write the store writer's `write`, with whatever retries the caller wants; may throw DocumentFault
 */
export async function applyBatch(
  model: ReadModel,
  messages: readonly Message[],
  write: StoreWriter['write'],
): Promise<Applied> {
  let { prepared, poison } = prepareAll(model, messages)
  for (;;) {
    const events = prepared.flatMap((item) => (item.kind === 'event' ? [item] : []))
    const changes = fold(events.map(({ change }) => change))
    try {
      const outcome = await write(model.collection, changes)
      return { prepared, outcome, poison }
    } catch (error) {
      if (!(error instanceof DocumentFault)) throw error
      // The prefix is folded and written again without it: an older event of the same document may be in there.
      const guilty = events[changes[error.index]!.position]!
      poison = new Poison(error.code, guilty.event.type, guilty.event.id, error.message)
      prepared = prepared.slice(0, prepared.indexOf(guilty))
    }
  }
}

function prepareAll(model: ReadModel, messages: readonly Message[]) {
  const prepared: Prepared[] = []
  for (const message of messages) {
    try {
      prepared.push(prepare(model, message))
    } catch (error) {
      if (error instanceof Poison) return { prepared, poison: error }
      throw error
    }
  }
  return { prepared, poison: undefined as Poison | undefined }
}

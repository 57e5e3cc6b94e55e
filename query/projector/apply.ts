import { fold } from './fold.ts'
import { Poison, prepare, type Message, type Prepared } from './prepare.ts'
import type { ReadModel } from './read-model.ts'
import { DocumentFault, type StoreWriter, type WriteOutcome } from './store-writer.ts'

export interface Applied {
  /** One for each message, in order: what is in the store now, or why it cannot be. */
  readonly items: readonly (Prepared | Poison)[]
  readonly outcome: WriteOutcome
}

/**
 * Prepares a batch and writes it without its poisoned messages. Nothing waits behind one of those: each event carries
 * the state after its change, so that a document is right again with its aggregate's next event.
 * @param write the store writer's `write`, with whatever retries the caller wants; may throw DocumentFault
 * @param onPrepared told of what is about to be written
 */
export async function applyBatch(
  model: ReadModel,
  messages: readonly Message[],
  write: StoreWriter['write'],
  onPrepared?: (items: Applied['items']) => void,
): Promise<Applied> {
  const items = messages.map((message) => prepared(model, message))
  onPrepared?.(items)
  for (;;) {
    const events = items.flatMap((item, position) =>
      !(item instanceof Poison) && item.kind === 'event' ? [{ item, position }] : [],
    )
    const changes = fold(events.map(({ item }) => item.change))
    try {
      return { items, outcome: await write(model.collection, changes) }
    } catch (error) {
      if (!(error instanceof DocumentFault)) throw error
      // Folded and written again without it: an older event of the same document may be in the batch.
      const { item, position } = events[changes[error.index]!.position]!
      items[position] = new Poison(error.code, item.event.type, item.event.id, error.message)
    }
  }
}

function prepared(model: ReadModel, message: Message): Prepared | Poison {
  try {
    return prepare(model, message)
  } catch (error) {
    if (error instanceof Poison) return error
    throw error
  }
}

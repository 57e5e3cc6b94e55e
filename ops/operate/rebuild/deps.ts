import type { AMQPClient } from '@cloudamqp/amqp-client'
import type { SQL } from 'bun'
import type { CollectionOf } from '../../../query/projector/collection-of.ts'
import type { ReadModel } from '../../../query/projector/read-model.ts'

/** What a rebuild works on. The functions take no part in the data's way: projectors fill, and processes switch. */
export interface RebuildDeps {
  readonly readModels: readonly ReadModel[]
  readonly collectionOf: CollectionOf
  readonly broker: () => Promise<AMQPClient>
  /** As the schema's owner, to tell how far the replay is; without it that is not told. */
  readonly sql?: SQL | undefined
  /** Ends at the next step, and leaves everything as it is: the next run goes on from there. */
  readonly signal: AbortSignal
  /** How long documents may stay behind in the new generation; half a minute by default. */
  readonly settleTimeoutMs?: number
  readonly onProgress: (step: RebuildStep, text: string) => void
}

export type RebuildStep = 'fill' | 'compare' | 'switch' | 'keep' | 'retire' | 'wait'

/** Its message is for the operator. */
export class RebuildError extends Error {
  override readonly name = 'RebuildError'
  /** Another run has changed the pointer: what is there is its business. */
  readonly isForeign: boolean
  constructor(message: string, { isForeign = false } = {}) {
    super(message)
    this.isForeign = isForeign
  }
}

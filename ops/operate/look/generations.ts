import { createPointers, type Pointer } from '../../../query/projector/generations/pointers.ts'
import type { CollectionOf } from '../../../query/projector/collection-of.ts'
import { atGeneration, type ReadModel } from '../../../query/projector/read-model.ts'
import { readModels } from '../../../query/read-models.ts'

/** Which generations of a read model there are: the one that answers reads, and those that get events. */
export interface Generations extends Pick<Pointer, 'name' | 'serving' | 'fed' | 'projections'> {
  readonly aggregate: string
}

/** Of every read model; where nobody noted anything it is the code's generation that serves and is fed. */
export async function readGenerations(collectionOf: CollectionOf): Promise<Generations[]> {
  const pointers = createPointers(collectionOf)
  return Promise.all(
    readModels.map(async (model) => {
      const pointer = await pointers.find(model.name)
      if (!pointer) return generationsOf(model)
      const { name, serving, fed, projections } = pointer
      return { name, aggregate: model.handles.aggregate, serving, fed, projections }
    }),
  )
}

/** What is assumed while the store cannot be asked. */
export const generationsOfCode = (): Generations[] => readModels.map(generationsOf)

function generationsOf({ name, generation, handles }: ReadModel): Generations {
  const projections = { [generation]: generation }
  return { name, aggregate: handles.aggregate, serving: generation, fed: [generation], projections }
}

/** With the queues and the collection of that generation. */
export function modelAt({ name }: Pick<Generations, 'name'>, generation: number): ReadModel {
  const model = readModels.find((candidate) => candidate.name === name)
  if (!model) throw new Error(`this program knows no read model ${name}`)
  return atGeneration(model, generation)
}

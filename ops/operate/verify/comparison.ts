import { readModels } from '../../../query/read-models.ts'
import type { ReadModel } from '../../../query/projector/read-model.ts'
import type { DomainEvent } from '../../../shared/events/catalogue.ts'
import { UsageError } from '../../cli/exit-codes.ts'
import { aggregateNamed } from '../aggregates.ts'
import type { Connections } from '../connections.ts'
import { collectionOfGeneration, groupOf, readGenerations } from '../look/read-side.ts'
import { projectionOf, type Projection } from './deep.ts'
import { documentsOf, type Documents, type StoredDocument } from './documents.ts'
import { rowsOf, type Rows } from './rows.ts'

/** What is compared: one aggregate's rows with the generation of one read model that answers reads. */
export interface Comparison {
  readonly connections: Connections
  readonly aggregate: string
  readonly group: string
  readonly collection: string
  readonly rows: Rows
  readonly documents: Documents
  readonly project: Projection | undefined
}

/**
 * Every read model that has one document a row of the aggregate. One that is made otherwise cannot be compared row by
 * row, and is left out.
 * @throws UsageError where there is none, or `deep` is asked of a generation that is not this program's
 */
export async function comparisonsOf(
  connections: Connections,
  name: string | undefined,
  { deep }: { deep: boolean },
): Promise<Comparison[]> {
  const aggregate = aggregateNamed(name)
  const models = readModels.filter(
    (model) => model.handles.aggregate === aggregate.name && hasDocumentPerRow(model),
  )
  if (models.length === 0) throw new UsageError(`no read model has a document for each of ${aggregate.name}`)
  const rows = await rowsOf(connections.sql, aggregate)
  const instants = deep ? await rows.instants() : []
  const generations = await readGenerations(connections.store)
  return models.map((model) => {
    const { serving } = generations.find((entry) => entry.name === model.name)!
    if (deep && serving !== model.generation)
      throw new UsageError(
        `--deep knows generation ${model.generation} of ${model.name}, and ${serving} is serving`,
      )
    const collection = collectionOfGeneration(model.name, serving)
    return {
      connections,
      aggregate: aggregate.name,
      group: groupOf(model.name, serving),
      collection,
      rows,
      documents: documentsOf(connections.collectionOf<StoredDocument>(collection)),
      project: deep ? projectionOf(aggregate, model, instants) : undefined,
    }
  })
}

function hasDocumentPerRow(model: ReadModel): boolean {
  const keys = [1, 2].map((version) => model.key({ aggregateId: 'a', version } as DomainEvent))
  return keys.every((key) => key === 'a')
}

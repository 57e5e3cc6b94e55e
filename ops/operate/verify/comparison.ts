import { UsageError } from '../../cli/exit-codes.ts'
import { aggregateNamed } from '../aggregates.ts'
import type { Connections } from '../connections.ts'
import { generationsOfCode, modelAt, readGenerations, type Generations } from '../look/generations.ts'
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
 * @throws UsageError where there is none, or `deep` is asked of what another projection made than this program's
 */
export async function comparisonsOf(
  connections: Connections,
  name: string | undefined,
  { deep }: { deep: boolean },
): Promise<Comparison[]> {
  const { sql, collectionOf } = connections
  const aggregate = aggregateNamed(name)
  const generations = await readGenerations(collectionOf)
  const models = generations
    .filter((model) => model.aggregate === aggregate.name)
    .map((generation) => ({ generation, model: modelAt(generation, generation.serving) }))
    .filter(({ model }) => model.isKeyedByAggregate)
  if (models.length === 0) throw new UsageError(`no read model has a document for each of ${aggregate.name}`)
  const rows = await rowsOf(sql, aggregate)
  const instants = deep ? await rows.instants() : []
  return models.map(({ generation, model }) => {
    if (deep) isOurs(generation)
    const { group, collection } = model
    return {
      connections,
      aggregate: aggregate.name,
      group,
      collection,
      rows,
      documents: documentsOf(collectionOf<StoredDocument>(collection)),
      project: deep ? projectionOf(aggregate, model, instants) : undefined,
    }
  })
}

/** A projection that changed is another one, and makes other documents of the same rows. */
function isOurs({ name, serving, projections }: Generations): void {
  const ours = generationsOfCode().find((candidate) => candidate.name === name)?.serving
  if (projections[serving] === ours) return
  throw new UsageError(
    `--deep cannot be asked: generation ${serving} of ${name} was made by projection ${projections[serving]}, this program has ${ours}`,
  )
}

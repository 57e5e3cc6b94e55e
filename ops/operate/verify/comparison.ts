import { UsageError } from '../../cli/exit-codes.ts'
import { aggregateNamed } from '../aggregates.ts'
import type { Connections } from '../connections.ts'
import { generationsOfCode, modelAt, readGenerations, type Generations } from '../look/generations.ts'
import { projectionOf, type Projection } from './deep.ts'
import { documentsOf, type Documents, type StoredDocument } from './documents.ts'
import { rowsOf, type Rows } from './rows.ts'
import { newestVersions } from './versions.ts'

/** What is compared: one aggregate's rows with the generation of one read model that answers reads. */
export interface Comparison {
  readonly connections: Connections
  readonly aggregate: string
  readonly group: string
  readonly collection: string
  readonly rows: Rows
  readonly documents: Documents
  /** Where there is a document for each version: all that were seen so far. */
  readonly versions: { documents: number; missing: number } | undefined
  readonly project: Projection | undefined
}

/**
 * Every read model that has one document a row of the aggregate, or one for each version of it: of those the newest is
 * compared, and the others are counted. One that is made otherwise cannot be compared row by row, and is left out.
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
    .filter(({ model }) => model.isKeyedByAggregate || model.perVersion)
  if (models.length === 0) throw new UsageError(`no read model has a document for each of ${aggregate.name}`)
  const rows = await rowsOf(sql, aggregate)
  const instants = deep ? await rows.instants() : []
  return models.map(({ generation, model }) => {
    const { group, collection, perVersion } = model
    // Nothing of a row tells what its last change was, so no projection can be held against a version.
    const isDeep = deep && !perVersion
    if (isDeep) isOurs(generation)
    const versions = perVersion && { documents: 0, missing: 0 }
    const documents = collectionOf<StoredDocument>(collection)
    return {
      connections,
      aggregate: aggregate.name,
      group,
      collection,
      rows,
      documents: versions
        ? newestVersions(documents, perVersion, (of) => {
            versions.documents += of.documents
            versions.missing += of.missing
          })
        : documentsOf(documents),
      versions,
      project: isDeep ? projectionOf(aggregate, model, instants) : undefined,
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

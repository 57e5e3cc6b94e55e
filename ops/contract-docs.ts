import { join } from 'node:path'
import { genericAggregates } from '../command/aggregates.ts'
import { asyncApi } from '../command/contracts/asyncapi.ts'
import { contractsOf } from '../command/contracts/of.ts'
import { contractSchemas } from '../command/contracts/schemas.ts'
import { commandSettings } from '../command/settings.ts'

const docs = join(import.meta.dirname, '../docs')
export const schemasFolder = join(docs, 'schemas')

/** The contracts as files, by path, as they should be: what the command service answers with the default settings. */
export function contractDocuments(): ReadonlyMap<string, string> {
  const contracts = contractsOf(genericAggregates, commandSettings.PARTITIONS.default!)
  const schemas = contractSchemas(contracts.sources.map(({ events }) => events))
  return new Map([
    [join(docs, 'asyncapi.json'), text(asyncApi(contracts))],
    ...[...schemas].map(([name, schema]) => [join(schemasFolder, `${name}.json`), text(schema)] as const),
  ])
}

const text = (document: object) => `${JSON.stringify(document, null, 2)}\n`

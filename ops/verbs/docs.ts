import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { readOptions } from '../cli/read-options.ts'
import { withBlock } from '../blocks.ts'
import type { RunReport } from '../faults/matrix/report.ts'
import { contractDocuments } from '../contract-docs.ts'
import { faultTable } from '../faults/report/table.ts'
import { monitoringDocuments } from '../monitoring/documents.ts'
import { generatedDocuments } from '../settings-docs.ts'

const HELP = `usage: bun ops/main.ts docs [options]

Writes what is made from code: .env.example and the README's table of settings from the processes' tables, the table of
metrics in docs/operating.md from their registries, the Grafana dashboard, and the contracts of events in docs/schemas
and docs/asyncapi.json. Tests hold that they are current.

  --faults FILE   what \`npm run faults\` wrote with --json: its table in docs/delivery.md, too
  --commit HASH   what was run then`

const DELIVERY = join(import.meta.dir, '../../docs/delivery.md')

/** @returns the exit code */
export async function run(args: string[]): Promise<number> {
  const options = readOptions(HELP, () => {
    const text = { type: 'string' } as const
    const { values } = parseArgs({ args, options: { help: { type: 'boolean' }, faults: text, commit: text } })
    if ((values.faults === undefined) !== (values.commit === undefined))
      throw new Error('--faults and --commit go together')
    return values
  })
  if (typeof options === 'number') return options
  for (const documents of [await generatedDocuments(), await monitoringDocuments(), contractDocuments()])
    for (const [path, text] of documents) {
      await mkdir(dirname(path), { recursive: true })
      await writeFile(path, text)
    }
  if (options.faults && options.commit) await writeFaults(options.faults, options.commit)
  return 0
}

async function writeFaults(file: string, commit: string): Promise<void> {
  const reports = JSON.parse(await readFile(file, 'utf8')) as RunReport[]
  const date = (await stat(file)).mtime.toISOString().slice(0, 10)
  const document = await readFile(DELIVERY, 'utf8')
  await writeFile(DELIVERY, withBlock(document, 'faults', faultTable(reports, { commit, date })))
}

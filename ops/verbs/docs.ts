import { writeFile } from 'node:fs/promises'
import { monitoringDocuments } from '../monitoring/documents.ts'
import { generatedDocuments } from '../settings-docs.ts'

const HELP = `usage: bun ops/main.ts docs

Writes what is made from code: .env.example and the README's table of settings from the processes' tables, the table of
metrics in docs/operating.md from their registries, and the Grafana dashboard. Tests hold that they are current.`

/** @returns the exit code */
export async function run(args: string[]): Promise<number> {
  if (args.length > 0) {
    console.log(HELP)
    return args[0] === '--help' ? 0 : 2
  }
  for (const documents of [await generatedDocuments(), await monitoringDocuments()])
    for (const [path, text] of documents) await writeFile(path, text)
  return 0
}

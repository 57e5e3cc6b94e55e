import { writeFile } from 'node:fs/promises'
import { generatedDocuments } from '../settings-docs.ts'

const HELP = `usage: bun ops/main.ts docs

Writes .env.example and the README's table of settings from the processes' tables. A test holds that they are current.`

/** @returns the exit code */
export async function run(args: string[]): Promise<number> {
  if (args.length > 0) {
    console.log(HELP)
    return args[0] === '--help' ? 0 : 2
  }
  for (const [path, text] of await generatedDocuments()) await writeFile(path, text)
  return 0
}

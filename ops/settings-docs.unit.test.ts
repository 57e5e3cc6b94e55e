import { expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { generatedDocuments } from './settings-docs.ts'

test('.env.example and the README’s table are what `bun ops/main.ts docs` writes', async () => {
  const documents = [...(await generatedDocuments())]
  expect(documents).toHaveLength(2)
  for (const [path, text] of documents) expect(await readFile(path, 'utf8')).toBe(text)
})

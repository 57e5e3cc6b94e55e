import { expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

test('each line of docs/security.md has its test, and each test its line', async () => {
  const document = await readFile(join(root, 'docs/security.md'), 'utf8')
  const listed = [...document.matchAll(/^\| (S\d+) \|/gm)].map(([, number]) => number!)
  const tested = new Set<string>()
  for await (const path of new Bun.Glob('{tests,shared,command,query,ops}/**/*.test.ts').scan(root))
    for (const [, number] of (await readFile(join(root, path), 'utf8')).matchAll(
      /(?:test|describe)\(\s*['"`](S\d+)\b/g,
    ))
      tested.add(number!)
  expect(listed).toEqual(Array.from({ length: listed.length }, (_, n) => `S${n + 1}`))
  expect([...tested].toSorted()).toEqual([...listed].toSorted())
})

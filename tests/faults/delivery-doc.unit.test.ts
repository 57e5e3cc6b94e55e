import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'bun:test'
import { withBlock } from '../../ops/blocks.ts'
import { invariantTitles } from '../../ops/faults/history.ts'
import { faults } from '../../ops/faults/matrix/index.ts'
import { brokenBuilds } from './broken/builds.ts'

const root = join(import.meta.dirname, '../..')
const path = join(root, 'docs/delivery.md')
const text = await readFile(path, 'utf8')

describe('docs/delivery.md', () => {
  test('has a row for every fault, in their order, and none for another', () => {
    const rows = [...text.matchAll(/^\| (F\d+) \|/gm)].map(([, id]) => id!)
    expect(rows).toEqual(Array.from({ length: 23 }, (_, index) => `F${index + 1}`))
    expect(faults.filter(({ id }) => !rows.includes(id))).toEqual([])
  })

  test('names tests and documents that are there', () => {
    const files = [...text.matchAll(/`([\w./-]+\.(?:test\.ts|md))`/g)].map(([, file]) => join(root, file!))
    const links = [...text.matchAll(/\]\(([\w./-]+\.md)/g)].map(([, file]) => join(root, 'docs', file!))
    expect(files.length).toBeGreaterThan(20)
    expect([...files, ...links].filter((file) => !existsSync(file))).toEqual([])
  })

  test('tells how each broken build fails', async () => {
    const rows = brokenBuilds.map(({ breakage, fault, variant, violates }) => {
      const broken = violates.map((name) => `${name} ${invariantTitles[name]}`).join(', ')
      return `| ${breakage} | ${fault}, ${variant} | ${broken} |`
    })
    const table = ['| broken | under | invariants that it breaks, at least |', '| --- | --- | --- |', ...rows]
    const expected = withBlock(text, 'broken', table.join('\n'))
    if (process.env['WRITE_DOCS']) await writeFile(path, expected)
    else expect(text).toBe(expected)
  })
})

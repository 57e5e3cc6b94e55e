import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, normalize, relative } from 'node:path'

export interface SourceFile {
  /** From the root of the checkout, with slashes. */
  readonly path: string
  readonly text: string
  readonly imports: readonly Import[]
}

export interface Import {
  /** A path in the checkout for relative imports, else the package's name. */
  readonly target: string
  readonly isTypeOnly: boolean
}

export const root = normalize(join(import.meta.dirname, '../..'))
const folders = ['command', 'query', 'shared', 'ops', 'tests', 'load-tests', 'examples']

/** Every TypeScript file of the project with what it imports. */
export async function sourceFiles(): Promise<SourceFile[]> {
  const files: SourceFile[] = []
  for (const folder of folders) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true }).catch(
      () => [],
    )
    for (const entry of entries) {
      if (!entry.isFile() || !entry.name.endsWith('.ts')) continue
      const path = relative(root, join(entry.parentPath, entry.name))
      if (path.includes('node_modules')) continue
      const text = await readFile(join(root, path), 'utf8')
      files.push({ path, text, imports: importsOf(path, text) })
    }
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1))
}

export function importsOf(path: string, text: string): Import[] {
  const found: Import[] = []
  const pattern =
    /^\s*(?:import|export)\s+(type\s+)?([^'";]*?from\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm
  for (const [, typeOnly, clause, from, dynamic] of text.matchAll(pattern)) {
    const target = from ?? dynamic
    if (target === undefined) continue
    const names = clause?.match(/\{([\s\S]*)\}/)?.[1]
    const everyNameIsType =
      names !== undefined &&
      !/^\s*\w+\s*,/.test(clause ?? '') &&
      names.split(',').every((name) => !name.trim() || /^\s*type\s/.test(name))
    found.push({
      target: target.startsWith('.') ? normalize(join(dirname(path), target)) : packageOf(target),
      isTypeOnly: Boolean(typeOnly) || everyNameIsType,
    })
  }
  return found
}

const packageOf = (name: string) =>
  name
    .split('/')
    .slice(0, name.startsWith('@') ? 2 : 1)
    .join('/')

/** All files that `entry` reaches by imports that exist at run time. */
export function reachable(entry: string, files: ReadonlyMap<string, SourceFile>): Map<string, string[]> {
  const reached = new Map<string, string[]>([[entry, [entry]]])
  const queue = [entry]
  for (let path = queue.shift(); path !== undefined; path = queue.shift())
    for (const { target, isTypeOnly } of files.get(path)?.imports ?? []) {
      if (isTypeOnly || reached.has(target)) continue
      reached.set(target, [...reached.get(path)!, target])
      queue.push(target)
    }
  return reached
}

import { beforeAll, describe, expect, test } from 'bun:test'
import { importsOf, reachable, sourceFiles, type SourceFile } from './imports.ts'

let files: SourceFile[]
let byPath: Map<string, SourceFile>
/** Folders of the two lists. */
let aggregates: string[]
let readModels: string[]
beforeAll(async () => {
  files = await sourceFiles()
  byPath = new Map(files.map((file) => [file.path, file]))
  const named = (list: string) =>
    byPath.get(list)!.imports.flatMap(({ target }) => /^(?:command|query)\/(.+)\//.exec(target)?.[1] ?? [])
  aggregates = named('command/aggregates.ts').filter((name) => !generic.test(`command/${name}/`))
  readModels = named('query/read-models.ts').filter((name) => !generic.test(`query/${name}/`))
})

const isTest = (path: string) =>
  path.endsWith('.test.ts') || path.includes('/testing/') || path.startsWith('tests/')
const product = () => files.filter(({ path }) => !isTest(path))
/** `path → target` for each import that `forbidden` holds for. */
const violations = (from: (path: string) => boolean, forbidden: (target: string) => boolean) =>
  product()
    .filter(({ path }) => from(path))
    .flatMap(({ path, imports }) =>
      imports.filter(({ target }) => forbidden(target)).map(({ target }) => `${path} → ${target}`),
    )

/** Of an aggregate or a read model, and what nobody else may know of. */
const isSpecific = (path: string) =>
  aggregates.some((name) => path.startsWith(`command/${name}/`) || path === `shared/events/${name}.ts`) ||
  readModels.some((name) => path.startsWith(`query/${name}/`))
const generic = /^(command\/(commit|outbox|relay)\/|query\/projector\/|shared\/)/

describe('import directions', () => {
  test('neither side imports the other, and shared imports neither', () => {
    expect(
      violations(
        (path) => path.startsWith('command/'),
        (target) => target.startsWith('query/'),
      ),
    ).toEqual([])
    expect(
      violations(
        (path) => path.startsWith('query/'),
        (target) => target.startsWith('command/'),
      ),
    ).toEqual([])
    expect(
      violations(
        (path) => path.startsWith('shared/'),
        (target) => /^(command|query|ops|tests)\//.test(target),
      ),
    ).toEqual([])
  })
  test('the product imports neither ops nor tests', () => {
    const from = (path: string) => /^(command|query|shared)\//.test(path)
    expect(violations(from, (target) => /^(ops|tests)\//.test(target))).toEqual([])
  })
  test('nothing of the tests, broken builds among it, can come into the bundle', () => {
    const from = (path: string) => path.startsWith('ops/')
    expect(violations(from, (target) => target.startsWith('tests/'))).toEqual([])
  })
  test('generic folders never import an aggregate or its events', () => {
    const from = (path: string) => generic.test(path) && !isSpecific(path)
    expect(violations(from, isSpecific)).toEqual([])
  })
  test('generic folders never name an aggregate', () => {
    const words = aggregates.map((name) => `${name}|${name.replace(/s$/, '')}`).join('|')
    const inQuotes = new RegExp(`['"\`](${words})['"\`]`)
    const named = product()
      .filter(({ path }) => generic.test(path) && !isSpecific(path))
      .filter(({ text }) => inQuotes.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')))
    expect(named.map(({ path }) => path)).toEqual([])
  })
  test('PostgreSQL belongs to the command side, MongoDB to the query side', () => {
    const postgres = /^(@mikro-orm\/(postgresql|migrations)|pg)$/
    const mongo = /^(@mikro-orm\/mongodb|mongodb)$/
    expect(
      violations(
        (path) => path.startsWith('query/'),
        (target) => postgres.test(target),
      ),
    ).toEqual([])
    expect(
      violations(
        (path) => path.startsWith('command/'),
        (target) => mongo.test(target),
      ),
    ).toEqual([])
  })
})

describe('web-standard', () => {
  const drivers =
    /^(@mikro-orm\/.*|mongodb|pg|kysely|@cloudamqp\/amqp-client|prom-client|@logtape\/logtape|bun)$/
  const routes = () => aggregates.map((name) => `command/${name}/routes.ts`)
  const entries = ['command/app.ts', 'query/app.ts', 'shared/http/app.ts']
  test('apps and routes reach no driver, no Node module and no Bun API', () => {
    for (const entry of [...entries, ...routes()]) {
      const reached = reachable(entry, byPath)
      const foreign = [...reached].filter(([target]) => drivers.test(target) || target.startsWith('node:'))
      expect(foreign.map(([, path]) => path.join(' → '))).toEqual([])
      const usesBun = [...reached.keys()].filter((path) => /\bBun\./.test(byPath.get(path)?.text ?? ''))
      expect(usesBun).toEqual([])
      expect(byPath.has(entry), entry).toBe(true)
    }
  })
})

test('the files are found, and the generic ones among them', () => {
  const paths = [
    'command/commit/loop.ts',
    'command/relay/relay.ts',
    'query/projector/gate.ts',
    'shared/http/app.ts',
  ]
  expect(paths.filter((path) => !byPath.has(path) || !generic.test(path))).toEqual([])
  expect([aggregates.length, readModels.length]).not.toContain(0)
  for (const path of aggregates.map((name) => `shared/events/${name}.ts`))
    expect(byPath.has(path), path).toBe(true)
})

describe('tidiness', () => {
  test('no file is dead', () => {
    const imported = new Set(files.flatMap(({ imports }) => imports.map(({ target }) => target)))
    const entries =
      /(^|\/)main\.ts$|\.test\.ts$|^command\/migrate\.ts$|^load-tests\/|^examples\/|\.d\.ts$|^tests\/(contract|faults)\/.*\.entry\.ts$/
    const spawned = (path: string) => files.some(({ text }) => text.includes(path.split('/').at(-1)!))
    const dead = files.filter(({ path }) => !imported.has(path) && !entries.test(path) && !spawned(path))
    expect(dead.map(({ path }) => path)).toEqual([])
  })
  test('the kind of a test is in its name', () => {
    const odd = files.filter(
      ({ path }) => path.endsWith('.test.ts') && !/\.(unit|int|e2e)\.test\.ts$/.test(path),
    )
    expect(odd.map(({ path }) => path)).toEqual([])
  })
  test('tests do not sleep, and none is skipped', () => {
    const sleeping = files
      .filter(
        ({ path }) => path.endsWith('.test.ts') && path !== 'tests/architecture/architecture.unit.test.ts',
      )
      .filter(({ text }) => /Bun\.sleep\(|\bsleep\(\d|\.(skip|only|todo)\(/.test(text))
    expect(sleeping.map(({ path }) => path)).toEqual([])
  })
})

test('the parser of imports sees each form', () => {
  const text = `
import type { A } from './a.ts'
import { type B, type C } from './b.ts'
import { type D, e } from './c.ts'
import f from '@x/y/z'
import './side.ts'
export * from './g.ts'
const h = await import('./h.ts')`
  expect(importsOf('dir/file.ts', text)).toEqual([
    { target: 'dir/a.ts', isTypeOnly: true },
    { target: 'dir/b.ts', isTypeOnly: true },
    { target: 'dir/c.ts', isTypeOnly: false },
    { target: '@x/y', isTypeOnly: false },
    { target: 'dir/side.ts', isTypeOnly: false },
    { target: 'dir/g.ts', isTypeOnly: false },
    { target: 'dir/h.ts', isTypeOnly: false },
  ])
})

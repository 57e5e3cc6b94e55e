import { afterEach, beforeEach, expect, test } from 'bun:test'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { goProgram, goProgramName } from './go-program.ts'
import { plainProgress } from './progress.ts'

const program = {
  title: 'Tool',
  binary: 'tool',
  version: '1.2.3',
  module: 'example.com/tool',
  otherwise: '-',
}
const before = { PATH: process.env['PATH'], XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] }
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'go-program-'))
  // Builds at once, and tells how it was called.
  await writeFile(
    join(folder, 'go'),
    `#!/bin/sh
[ "$1" = version ] && echo go version go1.26.8 linux/amd64 && exit
echo "$@" >> ${folder}/calls
echo example.com/tool
echo made > "$GOBIN/tool"`,
  )
  await chmod(join(folder, 'go'), 0o755)
  Object.assign(process.env, {
    PATH: `${folder}${delimiter}${before.PATH}`,
    XDG_CACHE_HOME: join(folder, 'cache'),
  })
})
afterEach(async () => {
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  await rm(folder, { recursive: true })
})

test('is built once, and found in the cache from then on', async () => {
  const lines: string[] = []
  const progress = plainProgress((line) => lines.push(line))
  const signal = new AbortController().signal
  const place = await goProgram(program, progress, signal)
  expect(place).toBe(join(folder, 'cache/outbox-cqrs', goProgramName(program)))
  expect(await readFile(place, 'utf8')).toBe('made\n')
  expect(lines.join()).toContain('1.2.3, built')
  expect(await goProgram(program, progress, signal)).toBe(place)
  expect(await readFile(join(folder, 'calls'), 'utf8')).toBe('install -v example.com/tool@v1.2.3\n')
  expect(lines.length).toBe(1)
})

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ops } from '../operate/testing/command-line.ts'
import { type Stack, startStack } from '../stack/index.ts'
import { announce } from '../stack/running.ts'
import { makeThrowawayDir } from '../stack/throwaway.ts'

let dir: Awaited<ReturnType<typeof makeThrowawayDir>>
let stack: Stack
let retract: () => void
beforeAll(async () => {
  dir = await makeThrowawayDir()
  const dataDir = join(dir.path, 'stack')
  stack = await startStack({ dataDir, throwaway: true })
  retract = announce(dataDir, stack)
}, 60_000)
afterAll(async () => {
  retract()
  await stack.stop()
  await dir.remove()
})

const drill = (...args: string[]) => ops(['drill', ...args], { STACK_DIR: join(dir.path, 'stack') })

test('a drill on a running stack kills its broker, brings it back and prints the six counts', async () => {
  const { exitCode, text, complaints } = await drill(
    'F4',
    '--variant',
    'back after 1 s',
    '--seconds',
    '5',
    '--yes',
  )
  expect([exitCode, complaints, text]).toEqual([0, expect.any(String), expect.any(String)])
  expect(text).toMatch(
    /^✓ F4 back after 1 s, seed 1: attempts \d+ {2}acknowledged [1-9]\d* {2}lost 0 {2}unexpected 0 {2}duplicated \d+ {2}recovered \d+/,
  )
  // The page shows this very output, with figures of another run.
  const page = await readFile(join(import.meta.dirname, '../../docs/operating.md'), 'utf8')
  const shown = /<!-- shape: drill -->\n```text\n\$.*\n([\s\S]*?)\n```/.exec(page)?.[1]
  expect(shape(text)).toBe(shape(shown!))
}, 120_000)

const shape = (text: string) => text.trim().replace(/\d+(\.\d+)?( m?s$)?/gm, 'N')

test('nothing is hurt without a word of the operator, a fault that there is, and a stack', async () => {
  const answers = [
    await drill('F4'),
    await drill('F99', '--yes'),
    await ops(['drill', 'F4', '--yes'], { STACK_DIR: dir.path }),
  ]
  expect(answers.map(({ exitCode }) => exitCode)).toEqual([2, 2, 2])
  expect(answers[0]!.complaints).toContain('add --yes')
  expect(answers[1]!.complaints).toContain('which fault?')
  expect(answers[2]!.complaints).toContain('`npm start` first')
  expect((await drill('--list')).text).toContain('F4   kill -9 of RabbitMQ')
}, 60_000)

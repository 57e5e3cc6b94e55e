import { readFile } from 'node:fs/promises'
import type { TestRunEnd } from './test-run.ts'

export interface TestCase {
  name: string
  file: string
  seconds: number
  state: 'passed' | 'failed' | 'skipped'
}

/** The tests of a junit report; none when there is no report. */
export async function readJunit(file: string): Promise<TestCase[]> {
  const xml = await readFile(file, 'utf8').catch(() => '')
  return [...xml.matchAll(/<testcase ([^>]*?)(?:\/>|>(.*?)<\/testcase>)/gs)].map(
    ([, attributes, body = '']) => {
      const of = (name: string) =>
        unescape(new RegExp(`(?:^| )${name}="([^"]*)"`).exec(attributes!)?.[1] ?? '')
      const group = of('classname')
      return {
        name: group ? `${group} > ${of('name')}` : of('name'),
        file: of('file'),
        seconds: Number(of('time')),
        state: body.includes('<failure') ? 'failed' : body.includes('<skipped') ? 'skipped' : 'passed',
      }
    },
  )
}

/** Never more cheerful than what happened: a run that crashed, or that ran nothing, has failed. */
export function tally(tests: TestCase[], end: TestRunEnd): { passed: number; failed: number } {
  const count = (state: TestCase['state']) => tests.filter((test) => test.state === state).length
  const passed = count('passed')
  const known = Math.max(count('failed'), end.failedInSummary)
  const crashed = end.exitCode !== 0 || end.problem !== undefined || passed === 0
  return { passed, failed: crashed ? Math.max(known, 1) : known }
}

const ENTITIES: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function unescape(text: string): string {
  return text.replace(/&(?:#(\d+)|(\w+));/g, (whole, code, name) =>
    code ? String.fromCodePoint(Number(code)) : (ENTITIES[name] ?? whole),
  )
}

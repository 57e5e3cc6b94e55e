import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readJunit, tally } from './test-report.ts'

const REPORT = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="4" failures="1" skipped="1">
  <testsuite name="a.test.ts" file="a.test.ts">
    <testsuite name="d" file="a.test.ts" line="2">
      <testcase name="ok" classname="d" time="0.030288" file="a.test.ts" line="2" assertions="0" />
      <testcase name="bad &lt;&amp;&quot;" classname="d" time="0.5" file="a.test.ts" line="2" assertions="1">
        <failure type="AssertionError" message="Expected: 2&#10;Received: 1">text</failure>
      </testcase>
      <testcase name="later" classname="d" time="0" file="a.test.ts" line="2" assertions="0">
        <skipped message="TODO" />
      </testcase>
    </testsuite>
    <testcase name="alone" classname="" time="0.001" file="a.test.ts" line="9" assertions="1" />
  </testsuite>
</testsuites>`

const good = { exitCode: 0, failedInSummary: 0, problem: undefined }

test('reads names, times and states', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'junit-'))
  await Bun.write(join(folder, 'junit.xml'), REPORT)
  const tests = await readJunit(join(folder, 'junit.xml'))
  await rm(folder, { recursive: true })
  expect(tests).toEqual([
    { name: 'd > ok', file: 'a.test.ts', seconds: 0.030288, state: 'passed' },
    { name: 'd > bad <&"', file: 'a.test.ts', seconds: 0.5, state: 'failed' },
    { name: 'd > later', file: 'a.test.ts', seconds: 0, state: 'skipped' },
    { name: 'alone', file: 'a.test.ts', seconds: 0.001, state: 'passed' },
  ])
  expect(tally(tests, { ...good, exitCode: 1, failedInSummary: 1 })).toEqual({ passed: 2, failed: 1 })
})

test('no report, no test, a crash and an interruption are failures', async () => {
  const none = await readJunit('/nowhere/junit.xml')
  const one = [{ name: 'a', file: 'a', seconds: 0, state: 'passed' as const }]
  expect(tally(one, good)).toEqual({ passed: 1, failed: 0 })
  expect(tally(none, good)).toEqual({ passed: 0, failed: 1 })
  expect(tally(one, { ...good, exitCode: 137 })).toEqual({ passed: 1, failed: 1 })
  expect(tally(one, { ...good, problem: 'interrupted' })).toEqual({ passed: 1, failed: 1 })
})

test('a file that did not load is in the summary alone', () => {
  const one = [{ name: 'a', file: 'a', seconds: 0, state: 'passed' as const }]
  expect(tally(one, { exitCode: 1, failedInSummary: 2, problem: undefined })).toEqual({
    passed: 1,
    failed: 2,
  })
})

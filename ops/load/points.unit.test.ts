import { expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { type Point, pointOf, readPoints } from './points.ts'

const answer =
  '{"metric":"http_req_duration","type":"Point","data":{"time":"2026-11-24T09:49:23.570449715Z","value":2.97794,"tags":{"expected_response":"true","method":"GET","name":"GET /users/:id","scenario":"reads","status":"200"}}}'
const setUp = answer.replace('"scenario":"reads",', '')
const dropped =
  '{"metric":"dropped_iterations","type":"Point","data":{"time":"2026-11-24T09:49:24Z","value":3,"tags":{"scenario":"reads"}}}'
const others = [
  '{"type":"Metric","data":{"name":"http_req_duration","type":"trend"},"metric":"http_req_duration"}',
  answer.replace('http_req_duration', 'http_req_waiting'),
]

test('an answer of the load', () =>
  expect(pointOf(answer)).toEqual({
    kind: 'request',
    timeMs: Date.parse('2026-11-24T09:49:23.570Z'),
    durationMs: 2.97794,
    scenario: 'reads',
    name: 'GET /users/:id',
    status: 200,
    isOk: true,
    offered: undefined,
    phase: undefined,
  }))

test('an unexpected answer, and none at all', () => {
  const failed = answer.replace('"expected_response":"true"', '"expected_response":"false"')
  expect(pointOf(failed.replace('"200"', '"503"'))).toMatchObject({ isOk: false, status: 503 })
  expect(pointOf(failed.replace('"200"', '"0"'))).toMatchObject({ isOk: false, status: 0 })
})

test('what could not be begun in time', () =>
  expect(pointOf(dropped)).toMatchObject({ kind: 'dropped', count: 3 }))

test('a write that was read back by its token, with the rate of its step', () => {
  const line =
    '{"metric":"visible_since_answer","type":"Point","data":{"time":"2026-11-24T09:49:24Z","value":4.5,"tags":{"scenario":"step_02_at_40","offered":"40"}}}'
  const visible = { kind: 'visible', durationMs: 4.5, scenario: 'step_02_at_40', offered: 40 }
  expect(pointOf(line)).toMatchObject({ ...visible, since: 'answer' })
  expect(pointOf(line.replace('since_answer', 'since_request'))).toMatchObject({
    ...visible,
    since: 'request',
  })
})

test('set-up and other metrics are no points', () =>
  expect([setUp, ...others].map(pointOf)).toEqual([undefined, undefined, undefined]))

test('a packed file is read line by line', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'points-'))
  const file = join(folder, 'points.json.gz')
  await Bun.write(file, gzipSync([...others, answer, setUp, dropped, ''].join('\n')))
  const found: Point[] = []
  await readPoints(file, (point) => found.push(point))
  await rm(folder, { recursive: true })
  expect(found.map(({ kind }) => kind)).toEqual(['request', 'dropped'])
})

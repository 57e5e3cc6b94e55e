import { expect, test } from 'bun:test'
import { busyMs, processTable, rowOf, treeOf } from './proc.ts'

test("a process's name may hold spaces and brackets", () =>
  expect(
    rowOf(
      '42 (a (b) c) S 7 42 42 0 -1 4194560 100 0 0 0 11 22 3 4 20 0 1 0 99 9000000 25 18446744073709551615',
    ),
  ).toEqual({
    pid: 42,
    name: 'a (b) c',
    parent: 7,
    cpuMs: 400,
    rssBytes: 102_400,
  }))

test('a tree is a process and all below it', () => {
  const row = (pid: number, parent: number) =>
    [pid, { pid, parent, name: `p${pid}`, cpuMs: 0, rssBytes: 0 }] as const
  const table = new Map([row(1, 0), row(2, 1), row(3, 2), row(4, 1), row(5, 9)])
  expect(treeOf(2, table).map(({ pid }) => pid)).toEqual([2, 3])
  expect(
    treeOf(1, table)
      .map(({ pid }) => pid)
      .toSorted(),
  ).toEqual([1, 2, 3, 4])
  expect(treeOf(99, table)).toEqual([])
})

test('what we use ourselves is seen', () => {
  const own = () => processTable().get(process.pid)!.cpuMs
  const [before, busyBefore] = [own(), busyMs()]
  let spun = 0
  for (const end = performance.now() + 150; performance.now() < end;) spun++
  expect(spun).toBeGreaterThan(0)
  expect(own()).toBeGreaterThan(before)
  expect(busyMs()).toBeGreaterThan(busyBefore)
})

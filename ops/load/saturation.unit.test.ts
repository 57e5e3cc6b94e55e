import { expect, test } from 'bun:test'
import type { Sample } from './sampler.ts'
import { saturatedPart } from './saturation.ts'

const parts = [
  { name: 'command', isSingleThreaded: true },
  { name: 'PostgreSQL', isSingleThreaded: false },
]
const sample = (cores: Record<string, number>, coresBusy: number): Sample => ({
  timeMs: 0,
  cores,
  coresBusy,
  rssMb: {},
  backlogEvents: undefined,
  lagSeconds: undefined,
  visible: undefined,
})

test('an event loop that has its core to itself is named, also where the machine is full', () =>
  expect(saturatedPart([sample({ command: 0.95, PostgreSQL: 0.99 }, 2)], parts, 2)).toContain(
    'command: its event loop',
  ))

test('a server of many processes may take more than a core', () =>
  expect(saturatedPart([sample({ command: 0.5, PostgreSQL: 1.4 }, 1.9)], parts, 4)).toStartWith(
    'no processor: 1.90 of 4',
  ))

test('a full machine is named with who takes most, others included', () =>
  expect(
    saturatedPart(
      [sample({ command: 0.4, PostgreSQL: 0.3 }, 1.8), sample({ command: 0.6, PostgreSQL: 0.3 }, 2)],
      parts,
      2,
    ),
  ).toBe('the machine: 1.90 of 2 cores busy, most by others 1.10, command 0.50, PostgreSQL 0.30'))

test('without a sample nothing is said', () => expect(saturatedPart([], parts, 2)).toStartWith('unknown'))

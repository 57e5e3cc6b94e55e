import { shortNumber, sum } from '../../../ops/report/numbers.ts'
import type { Row, Side } from '../machinery/result.ts'
import type { BenchResult } from '../run.ts'
import { figure } from './text.ts'

/** What stands in `docs/performance.md` and in the README between the marks of its name. */
export const blockName = 'made: bench'

/** In this order; each with what it is held against, in words for somebody who has read nothing else. */
const headlines: Readonly<Record<string, string>> = {
  'write-256': 'pgbench, two prepared inserts and a COMMIT a request',
  'write-orm': 'the same entities in MikroORM, a transaction a request, without HTTP',
  relay: 'the same messages from memory, in windows with confirms',
  projector: 'gated bulk writes from memory',
  'projector-changes': 'gated bulk writes from memory',
  read: "the driver's `findOne` behind a bare `Bun.serve`",
  'read-unchanged': 'the version alone, behind the same',
  'visible-p50': 'the same hops one after the other, nobody else there',
}

/** The README's; undefined where the run lacks one of its rows. */
export function headlineBlock({ rows, setting }: BenchResult): string | undefined {
  const lines = Object.entries(headlines).map(([name, limit]) => {
    const row = rows.find((one) => one.name === name)
    return (
      row &&
      `| ${row.title} | ${figure(row.ours, row.unit)} | ${figure(row.twin, row.unit)}: ${limit} | ${shortNumber(row.ratio)} × |`
    )
  })
  if (!lines.every((line) => line !== undefined)) return undefined
  return [
    `On ${setting.machine}; store: ${setting.store}. [Method, limits, all rows](docs/performance.md).`,
    '',
    '| | this | beside it, in the same run | ratio |',
    '| --- | --- | --- | --- |',
    ...lines,
  ].join('\n')
}

export function benchBlock({ rows, failures, setting }: BenchResult): string {
  const peers = rows.filter(({ beside }) => beside.length > 0)
  return [
    `Measured ${setting.at.slice(0, 10)}, commit ${setting.commit}, on ${setting.machine}. ${setting.versions}. Store: ${setting.store}.`,
    `${setting.settings}.`,
    '',
    '| row | target | limit | ours | ratio | | T / T_max | CPU, ms each |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map(lineOf),
    '',
    '*CPU, ms each*: of all processes together for one operation, ours in brackets.',
    ...(peers.length > 0
      ? ['', '| row | beside it | rate | ours is |', '| --- | --- | --- | --- |', ...peers.flatMap(besideOf)]
      : []),
    ...failures.map(({ part, reason }) => `\n**No figure** for ${part}: ${reason}`),
  ].join('\n')
}

function lineOf({ title, target, twin, ours, unit, ratio, ok, of_t_max }: Row): string {
  const cells = [
    title,
    target ?? '',
    figure(twin, unit),
    figure(ours, unit),
    `${shortNumber(ratio)} ×`,
    ok === null ? '' : ok ? '✓' : '✗ missed',
    of_t_max === null ? '' : shortNumber(of_t_max),
    unit === 'a second' ? cpuOf(ours) : '',
  ]
  return `| ${cells.join(' | ')} |`
}

function cpuOf({ cpu_ms }: Side): string {
  const own = Object.entries(cpu_ms).filter(([part]) => /^(command|relay|query)\b/.test(part))
  return `${shortNumber(sum(Object.values(cpu_ms)))} (${shortNumber(sum(own.map(([, ms]) => ms)))})`
}

const besideOf = ({ title, ours, beside, unit, better }: Row): string[] =>
  beside.map((side) => {
    const times = better === 'higher' ? ours.rate / side.rate : side.rate / ours.rate
    return `| ${title} | ${side.name} | ${figure(side, unit)} | ${shortNumber(times)} × as good |`
  })

import { shortNumber, sum } from '../../../ops/report/numbers.ts'
import type { Row, Side } from '../machinery/result.ts'
import type { BenchResult } from '../run.ts'
import { figure } from './text.ts'

/** What stands in `docs/performance.md` between the marks of its name. */
export const blockName = 'made: bench'

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

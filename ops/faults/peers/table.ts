import type { Comparison } from './compare.ts'
import { peers } from './peers.ts'

export interface SystemRuns {
  /** As `peers` or `ours` has it. */
  readonly id: string
  readonly runs: readonly Comparison[]
}

export interface TableHead {
  readonly commit: string
  readonly date: string
}

const [begin, end] = ['<!-- made: peers -->', '<!-- /made -->']

/** The block of `docs/delivery.md`: a row for each fault and system, and what each was set to. */
export function comparisonBlock(systems: readonly SystemRuns[], { commit, date }: TableHead): string {
  const faults = [...new Set(systems.flatMap(({ runs }) => runs.map(({ fault }) => fault)))]
  const rows = faults.flatMap((fault) =>
    systems.map(({ id, runs }) =>
      rowOf(
        id,
        runs.filter((run) => run.fault === fault),
      ),
    ),
  )
  return [
    begin,
    `${date}, commit ${commit}.`,
    '',
    '| fault | system | runs | acknowledged | lost | stored, never sent | sent again | users left wrong | processes ended |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    ...peers.map(({ title, setting, setTo }) => `- ${title}, ${setting}: ${setTo}.`),
    end,
  ].join('\n')
}

/** Put in the place of the block that is there. @throws Error where the document has no place for it */
export function withBlock(document: string, block: string): string {
  const from = document.indexOf(begin)
  const to = document.indexOf(end, from)
  if (from < 0 || to < 0) throw new Error(`the document has no ${begin} … ${end}`)
  return document.slice(0, from) + block + document.slice(to + end.length)
}

export function titleOf(id: string): string {
  const peer = peers.find((one) => one.id === id)
  return peer ? `${peer.title}, ${peer.setting}` : 'this one'
}

/** What is printed for a run. */
export function linesOf(run: Comparison, system: string): string[] {
  const { fault, variant, seed, acknowledged, lost, unsent, duplicated, wrong, ended, error } = run
  const counts = `acknowledged ${acknowledged}  lost ${lost}  never sent ${unsent}  sent again ${duplicated}  users wrong ${wrong}  ended ${ended}`
  return [`${fault} ${variant}, seed ${seed}, ${system}: ${counts}`, ...(error ? [`    ${error}`] : [])]
}

function rowOf(id: string, runs: readonly Comparison[]): string {
  const good = runs.filter(({ error }) => error === undefined)
  const sum = (name: 'acknowledged' | 'lost' | 'unsent' | 'duplicated' | 'wrong' | 'ended') =>
    good.reduce((total, run) => total + run[name], 0)
  const title = `${runs[0]?.fault} ${runs[0]?.title}`
  const failed = runs.length > good.length ? ` (${runs.length - good.length} without a result)` : ''
  const cells = [
    title,
    titleOf(id),
    `${good.length}${failed}`,
    sum('acknowledged'),
    sum('lost'),
    sum('unsent'),
    sum('duplicated'),
    sum('wrong'),
    sum('ended'),
  ]
  return `| ${cells.join(' | ')} |`
}

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
  const ended = systems.flatMap(({ runs }) => runs).reduce((sum, run) => sum + run.ended, 0)
  const rows = faults.flatMap((fault) =>
    systems.flatMap(({ id, runs }) => {
      const those = runs.filter((run) => run.fault === fault)
      return those.length > 0 ? [rowOf(id, those)] : []
    }),
  )
  return [
    begin,
    `Measured on ${date}, commit ${commit}: 20 writes a second by a client that knows no keys and tries each write once, durable`,
    'quorum queues, persistent messages, full durability in PostgreSQL. Each peer has one listener, or where it has none two of its',
    'service, killed in the relay’s place; what ends is started again after a second. Their read side is a plain consumer that keeps of each user what came',
    'last. The times of the faults are those of the signal: a server needs some seconds more to come up.',
    '',
    '| fault | system | runs | acknowledged | lost | stored, never sent | sent again | users left wrong | agreed after |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
    '',
    'Sums over the runs. *Lost*: acknowledged, and the read side shows neither it nor anything later. *Stored, never sent*: changes in',
    'PostgreSQL, acknowledged or not, that were neither confirmed nor ever arrived. *Sent again*: may have been in the queue already.',
    '*Users left wrong*: shown in another version than PostgreSQL has, for good. *Agreed after*: the longest time from healing until',
    'both sides agreed.',
    '',
    ...peers.map(({ title, setting, setTo }) => `- ${title}, ${setting}: ${setTo}.`),
    ...(ended > 0 ? ['', `Processes that ended by themselves: ${ended}.`] : []),
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
  const sum = (name: 'acknowledged' | 'lost' | 'unsent' | 'duplicated' | 'wrong') =>
    good.reduce((total, run) => total + run[name], 0)
  const [{ fault, title }] = runs as [Comparison]
  const failed = runs.length > good.length ? ` (${runs.length - good.length} without a result)` : ''
  const cells = [
    `${fault} ${title}`,
    titleOf(id),
    `${good.length}${failed}`,
    sum('acknowledged'),
    sum('lost'),
    sum('unsent'),
    sum('duplicated'),
    sum('wrong'),
    agreedAfter(good),
  ]
  return `| ${cells.join(' | ')} |`
}

function agreedAfter(runs: readonly Comparison[]): string {
  const times = runs.flatMap(({ convergedMs }) => (convergedMs === null ? [] : [convergedMs]))
  const never = runs.length - times.length
  const longest = times.length > 0 ? `${(Math.max(...times) / 1_000).toFixed(1)} s` : ''
  return [longest, never > 0 ? `never in ${never} of ${runs.length}` : ''].filter(Boolean).join(', ')
}

import { genericAggregates } from '../../../command/aggregates.ts'
import { bar } from '../../cli/bar.ts'
import { operatorVerb, wholeNumber, type VerbContext } from '../../cli/verb.ts'
import { plural } from '../../load/figures.ts'
import { repair } from '../../operate/verify/repair.ts'
import { isRight, verifyScreen, type Verified } from '../../operate/verify/screen.ts'
import { comparisonsOf, type Comparison } from '../../operate/verify/comparison.ts'
import { verify } from '../../operate/verify/verify.ts'

const patienceDefaultS = 30

export const verb = operatorVerb({
  usage: 'verify',
  doc: `
Compares PostgreSQL with the read model: buckets of neighbouring ids by their hash, row by row where the hashes differ.
What differs is looked at again once the pipeline has applied all that was committed before: so it may run under load.

  missing      a row without a document
  stale        a document older than its row
  resurrected  a document without a row, whose delete is in the log
  extra        a document without a row, and the log no longer tells why
  ahead        a document newer than its row: rows were lost in PostgreSQL
  differing    the same version with other fields (--deep)

Of a read model with a document for each version (a history) the newest is compared, and those between the first and
the newest are counted. No row tells what they should say, so --deep has nothing to compare there, and an extra one
stays.

--repair brings exactly those right, through the version gate: it asks the relay to send them again (everything, where
there are more than 100), replaces differing ones at their version, and turns extra ones into tombstones. It may be
repeated. What is ahead has no repair: docs/operating.md, "The relay refuses".`,
  options: {
    aggregate: { type: 'string', value: 'NAME', doc: 'this one alone; without it all of them' },
    deep: { type: 'boolean', doc: 'compare whole documents too, with what the projection makes of the rows' },
    repair: { type: 'boolean', doc: 'bring right what is wrong' },
    patience: {
      type: 'string',
      value: 'S',
      doc: `seconds that what differs may be behind, and that a repair may take to show (${patienceDefaultS})`,
    },
  },
  destroys: true,
  async run(context, { options }) {
    const patienceMs = 1_000 * (wholeNumber('patience', options.patience, { min: 1 }) ?? patienceDefaultS)
    const names = options.aggregate ? [options.aggregate] : genericAggregates.map(({ name }) => name)
    const results: Verified[] = []
    for (const name of names)
      for (const comparison of await comparisonsOf(context.connections, name, options))
        results.push(await verified(comparison, { ...options, patienceMs }, context))
    context.print(results, verifyScreen)
    return results.every(isRight) ? 'ok' : 'trouble'
  },
})

async function verified(
  comparison: Comparison,
  options: { deep: boolean; repair: boolean; patienceMs: number },
  { progress, signal, confirm }: VerbContext,
): Promise<Verified> {
  const { patienceMs } = options
  const step = progress.step(`verify ${comparison.group}`)
  const found = await verify(comparison, {
    ...options,
    signal,
    onProgress: ({ rows, rowsExpected, suspects }) =>
      step.note(`${bar(rows, rowsExpected)} ${plural(rows, 'row')}, ${suspects} to be looked at again`),
  })
  step.done(plural(found.rows, 'row'))
  if (!options.repair || found.differences.length === 0) return { ...found, repair: undefined }
  if (found.counts.extra > 0)
    confirm(`${plural(found.counts.extra, 'document')} without row and event will be removed.`)
  const repairing = progress.step(`repair ${comparison.group}`)
  const done = await repair(comparison, found.differences, {
    removeExtras: true,
    patienceMs,
    signal,
    onProgress: (replays) =>
      repairing.note(replays.map(({ phase, sent }) => `${phase}, ${sent} sent`)[0] ?? ''),
  })
  repairing.done(`${done.left} left`)
  return { ...found, repair: done }
}

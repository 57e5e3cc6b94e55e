import { textTable } from '../../cli/table.ts'
import { plural } from '../../load/figures.ts'
import type { Repair } from './repair.ts'
import { differenceKinds, type Difference, type Verification } from './verify.ts'

export interface Verified extends Verification {
  readonly repair: Repair | undefined
}

/** Of each read model what differs, by kind, and the first of them. */
export function verifyScreen(results: readonly Verified[], shown = 20): string {
  return results.map((result) => screenOf(result, shown)).join('\n\n')
}

export function isRight({ counts, unsettled, repair }: Verified): boolean {
  const found = differenceKinds.reduce((sum, kind) => sum + counts[kind], 0)
  const repaired = repair
    ? repair.left === 0 && counts.ahead === 0 && counts.extra === repair.removed
    : found === 0
  return repaired && unsettled === 0
}

function screenOf(result: Verified, shown: number): string {
  const { counts, differences, repair, unsettled } = result
  const found = differenceKinds.filter((kind) => counts[kind] > 0)
  const { versions } = result
  const against = versions
    ? `the newest versions of ${result.documents.toLocaleString('en-US')} in ${result.collection}, deleted ones included`
    : `${plural(result.documents, 'document')} of ${result.collection}, tombstones included`
  const lines = [
    `${result.group}: ${plural(result.rows, 'row')} of ${result.aggregate} against ${against}; ` +
      `${result.lookedAgain.toLocaleString('en-US')} looked at twice`,
    versions &&
      `${plural(versions.documents, 'version')}; between the first and the newest ${versions.missing === 0 ? 'none is' : `${versions.missing.toLocaleString('en-US')} are`} missing`,
    found.length === 0
      ? 'nothing differs'
      : `differing: ${found.map((kind) => `${counts[kind].toLocaleString('en-US')} ${kind}`).join(', ')}`,
    unsettled > 0 &&
      `${plural(unsettled, 'document')} may be right soon: the pipeline is behind, \`status\` tells why`,
    differences.length > 0 && `\n${table(result, shown)}`,
    differences.length > shown && `… and ${differences.length - shown} more; --json has up to 10,000`,
    repair && `\n${repairLine(result, repair)}`,
  ]
  return lines.filter((line) => typeof line === 'string').join('\n')
}

function table({ differences }: Verified, shown: number): string {
  return textTable(
    [
      { title: 'what', cell: ({ kind }) => kind },
      { title: 'id', cell: ({ id }) => id },
      { title: 'row', cell: ({ rowVersion }) => versionOf(rowVersion), isFigure: true },
      { title: 'document', cell: ({ documentVersion }) => versionOf(documentVersion), isFigure: true },
    ],
    differences.toSorted((a, b) => rank(a) - rank(b)).slice(0, shown),
  )
}

const rank = ({ kind }: Difference) => differenceKinds.indexOf(kind)
const versionOf = (version: number | undefined) => (version === undefined ? '–' : `v${version}`)

function repairLine({ counts }: Verified, { replays, removed, replaced, left }: Repair): string {
  const extras = counts.extra - removed
  return [
    `repaired: ${plural(replays.length, 'replay')}, ${plural(removed, 'tombstone')} for extra documents, ` +
      `${plural(replaced, 'document')} replaced; ${left === 0 ? 'all of that is right now' : `${left} still differ`}`,
    extras > 0 && `${plural(extras, 'extra document')} left alone: --yes removes them`,
    counts.ahead > 0 &&
      'what is ahead cannot be repaired: rows were lost in PostgreSQL, so rebuild the read model',
  ]
    .filter((line) => typeof line === 'string')
    .join('\n')
}

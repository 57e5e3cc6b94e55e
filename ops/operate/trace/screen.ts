import { textList, textTable } from '../../cli/table.ts'
import { duration, plural } from '../../load/figures.ts'
import type { Trace, TracedDocument } from './trace.ts'

/** The conclusion first, then what it was drawn from. */
export function traceScreen(trace: Trace): string {
  const { written, relay, documents, replays } = trace
  const sections = [
    `${trace.aggregate} ${trace.id}\n${trace.conclusion.text}`,
    textList([
      ['row', written.rowVersion === undefined ? 'none' : `version ${written.rowVersion}`],
      ['relay', relayLine(trace)],
      ...(written.parked
        ? ([
            [
              'parked',
              `by the relay since ${written.parked.since}, ${plural(written.parked.events, 'event')}: ${written.parked.reason}`,
            ],
          ] as const)
        : []),
      ['partition', `${trace.partition}`],
      ...documents.flatMap(documentLines),
      ...replays.map(
        ({ id, group, scope, phase }) => ['replay', `${id} of ${scope} for ${group}: ${phase}`] as const,
      ),
    ]),
    written.events.length === 0
      ? 'The log has no event of it.'
      : textTable(
          [
            { title: 'seq', cell: ({ seq }) => String(seq), isFigure: true },
            { title: 'version', cell: ({ version }) => String(version), isFigure: true },
            { title: 'type', cell: ({ type }) => type },
            { title: 'time', cell: ({ time }) => time },
            { title: 'state', cell: ({ seq }) => eventState(trace, seq) },
          ],
          written.events,
        ),
  ]
  return sections.join('\n\n')

  function relayLine({ relay: { leader, paused, cursor, backlogEvents } }: Trace): string {
    const who = leader === undefined ? 'nobody leads' : `${leader} leads`
    const isPaused = paused ? `, paused by ${paused.by}` : ''
    return `${who}${isPaused}, cursor ${relay.cursor} (${cursor === 0 && backlogEvents === 0 ? 'empty log' : plural(backlogEvents, 'event')} behind)`
  }
}

function eventState({ written: { parked }, relay }: Trace, seq: number): string {
  if (parked && seq >= parked.firstSeq) return 'parked by the relay'
  return seq <= relay.cursor ? 'confirmed by the broker' : 'not published yet'
}

function documentLines(document: TracedDocument): (readonly [string, string])[] {
  const { group, serving, version, deleted, queue, heartbeat, parked } = document
  const state = version === undefined ? 'no document' : `version ${version}${deleted ? ', deleted' : ''}`
  const depth = queue?.depth
    ? `${plural(queue.depth.messages, 'message')}, ${plural(queue.depth.consumers, 'consumer')}${queue.active ? `, ${queue.active} is active` : ''}`
    : queue
      ? 'missing'
      : 'the broker cannot be reached'
  return [
    [group, `${state}${serving ? '' : ', not serving'}`],
    ['  queue', `${queue ? `${queue.queue}: ` : ''}${depth}`],
    [
      '  heartbeat',
      heartbeat
        ? `applied to ${heartbeat.appliedTo}, ${duration(heartbeat.ageSeconds * 1_000)} ago`
        : 'none yet',
    ],
    ...parked.map(
      (event) =>
        ['  parked', `version ${event.version ?? '?'}: ${event.code}, since ${event.since}`] as const,
    ),
  ]
}

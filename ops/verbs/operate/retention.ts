import { operatorVerb, wholeNumber } from '../../cli/verb.ts'
import { textTable } from '../../cli/table.ts'
import { plural } from '../../load/figures.ts'
import { applyRetention, readRetention, type Retention } from '../../operate/retention.ts'

export const verb = operatorVerb({
  usage: 'retention [--drop]',
  doc: `
Which segments of the log may be dropped: from the oldest on, as far as every reader (the relay, replays) is beyond them
and their newest event is older than OUTBOX_RETENTION_HOURS. Says so and changes nothing; --drop drops them, without
keeping appends waiting. A relay that has POSTGRES_OWNER_URL does it by itself. What was dropped can no longer be
replayed.`,
  options: {
    drop: { type: 'boolean', doc: 'drop them' },
    hours: { type: 'string', value: 'H', doc: 'instead of OUTBOX_RETENTION_HOURS; 0 keeps everything' },
  },
  destroys: true,
  async run({ connections, print, confirm }, { options }) {
    const hours = wholeNumber('hours', options.hours) ?? connections.places.retentionHours
    const plan = await readRetention(connections, hours)
    if (!options.drop || plan.droppable.length === 0) {
      print(plan, screen)
      return 'ok'
    }
    confirm(`${plural(plan.droppable.length, 'segment')} of the log will be dropped for good.`)
    const done = await applyRetention(connections, hours)
    print(done, screen)
    return done.dropped.length >= plan.droppable.length ? 'ok' : 'trouble'
  },
})

function screen({ retentionHours: hours, droppable, dropped, kept }: Retention): string {
  const rule = hours === 0 ? 'events are kept for ever' : `events are kept for ${plural(hours, 'hour')}`
  if (droppable.length === 0) return `${rule}; nothing to drop: ${kept}`
  const table = textTable(
    [
      { title: 'segment', cell: ({ name }) => name },
      { title: 'from seq', cell: ({ fromSeq }) => String(fromSeq), isFigure: true },
      { title: 'to seq', cell: ({ toSeq }) => String(toSeq - 1), isFigure: true },
      { title: 'state', cell: ({ name }) => (dropped.includes(name) ? 'dropped' : 'may be dropped') },
    ],
    droppable,
  )
  return `${rule}\n\n${table}\n\nthe rest stays: ${kept}`
}

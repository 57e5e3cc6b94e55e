import { UsageError } from '../../cli/exit-codes.ts'
import { textList, textTable } from '../../cli/table.ts'
import { operatorVerb, type VerbContext } from '../../cli/verb.ts'
import { plural } from '../../load/figures.ts'
import {
  discardParked,
  followRelease,
  listParked,
  releaseParked,
  showParked,
  sides,
  type Parked,
  type ParkedInFull,
  type Side,
} from '../../operate/parked.ts'

const patienceMs = 60_000

export const verb = operatorVerb({
  usage: 'parked <list | show ID | release ID… | discard ID…>',
  doc: `
What was put aside so that the rest flows: at the relay aggregates whose event the broker does not take, with all their
later events; at the projector events that cannot be applied.

  list     both sides, or one
  show     one, with what is known of it
  release  publish, or apply, what was kept: in its order, once its cause is mended
  discard  delete what was kept, for good; a later event heals the documents`,
  options: {
    side: { type: 'string', value: 'SIDE', doc: `${sides.join(' or ')}: for list, and for --all` },
    all: { type: 'boolean', doc: 'all that list shows, instead of IDs' },
    wait: { type: 'boolean', doc: 'follow a release until it is done or failed' },
    'show-data': { type: 'boolean', doc: "show the event's body too, which may hold personal data" },
  },
  destroys: true,
  async run(context, { positionals: [action, ...ids], options }) {
    const { connections, print, confirm } = context
    const side = sideNamed(options.side)
    switch (action) {
      case 'list':
        print(await listParked(connections, side), listScreen)
        return 'ok'
      case 'show': {
        if (ids.length !== 1) throw new UsageError('parked show takes one ID')
        const found = await showParked(connections, ids[0]!, { showData: options['show-data'] })
        if (found) print(found, oneScreen)
        else console.error(`${ids[0]} is not parked`)
        return found ? 'ok' : 'trouble'
      }
      case 'release': {
        const chosen = await chosenOf(context, ids, options.all, side)
        return release(context, chosen, options.wait)
      }
      case 'discard': {
        const chosen = await chosenOf(context, ids, options.all, side)
        confirm(
          `What is parked of ${chosen.length === 1 ? chosen[0] : `${chosen.length} ids`} will be deleted for good.`,
        )
        const events = await discardParked(connections, chosen)
        print({ discarded: events }, ({ discarded }) => `${plural(discarded, 'event')} discarded`)
        return events > 0 ? 'ok' : 'trouble'
      }
      default:
        throw new UsageError(action ? `parked does not know "${action}"` : 'list, show, release or discard?')
    }
  },
})

function sideNamed(name: string | undefined): Side | undefined {
  if (name === undefined) return undefined
  const side = sides.find((candidate) => candidate === name)
  if (!side) throw new UsageError(`--side is ${sides.join(' or ')}`)
  return side
}

async function chosenOf(
  { connections }: VerbContext,
  ids: readonly string[],
  all: boolean,
  side: Side | undefined,
): Promise<readonly string[]> {
  if (all === ids.length > 0) throw new UsageError('give IDs, or --all')
  return all ? (await listParked(connections, side)).map(({ id }) => id) : ids
}

async function release(
  { connections, print, progress, signal }: VerbContext,
  ids: readonly string[],
  wait: boolean,
): Promise<'ok' | 'trouble'> {
  const unknown = await releaseParked(connections, ids)
  const asked = ids.filter((id) => !unknown.includes(id))
  const step = wait ? progress.step('release') : undefined
  const left = wait
    ? await followRelease(connections, asked, {
        patienceMs,
        signal,
        onProgress: (parked) => step?.note(`${parked.length} of ${asked.length} left`),
      })
    : []
  step?.done(`${asked.length - left.length} released`)
  print({ asked, unknown, left }, (done) =>
    [
      `${plural(done.asked.length, 'release')} asked for${wait ? `, ${done.left.length} still parked` : ''}`,
      ...done.unknown.map((id) => `${id} is not parked`),
      ...(done.left.length > 0 ? ['', listScreen(done.left)] : []),
    ].join('\n'),
  )
  return unknown.length === 0 && left.length === 0 ? 'ok' : 'trouble'
}

function listScreen(parked: readonly Parked[]): string {
  if (parked.length === 0) return 'nothing is parked'
  return textTable(
    [
      { title: 'side', cell: ({ side }) => side },
      { title: 'id', cell: ({ id }) => id },
      { title: 'events', cell: ({ events }) => events.toLocaleString('en-US'), isFigure: true },
      { title: 'since', cell: ({ since }) => since },
      { title: 'release', cell: ({ release: state }) => state },
      { title: 'why', cell: ({ reason }) => reason },
    ],
    parked,
  )
}

function oneScreen({ detail, events }: ParkedInFull): string {
  const known = Object.entries(detail).filter(([, value]) => value != null)
  const list = textList(
    known.map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : String(value)]),
  )
  return events.length === 0 ? list : `${list}\n\n${eventTable(events)}`
}

const eventTable = (events: ParkedInFull['events']) =>
  textTable(
    [
      { title: 'seq', cell: ({ seq }) => String(seq), isFigure: true },
      { title: 'version', cell: ({ version }) => String(version), isFigure: true },
      { title: 'type', cell: ({ type }) => type },
      { title: 'id', cell: ({ id }) => id },
      { title: 'occurred', cell: ({ occurred_at: time }) => time },
    ],
    events,
  )

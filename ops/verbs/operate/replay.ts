import { readModels } from '../../../query/read-models.ts'
import { UsageError } from '../../cli/exit-codes.ts'
import { textTable } from '../../cli/table.ts'
import { operatorVerb, wholeNumber, type VerbContext } from '../../cli/verb.ts'
import { cancelReplay } from '../../../command/relay/replay/operations.ts'
import type { ReplayScope } from '../../../shared/messaging/replay.ts'
import type { Connections } from '../../operate/connections.ts'
import { modelAt, readGenerations } from '../../operate/look/generations.ts'
import { readReplayStates } from '../../operate/look/replays.ts'
import {
  askForReplays,
  followReplays,
  operatorName,
  readReplays,
  type ReplayProgress,
} from '../../operate/replay.ts'
import { replayTable } from '../../operate/status/screen.ts'

const patienceMs = 60_000
const finishedShown = 10

export const verb = operatorVerb({
  usage: 'replay (--all | --from-seq SEQ | --aggregate NAME/ID | list | cancel ID)',
  doc: `
Asks the relay to send events again, to one group's queues alone. Always safe beside live events, and as often as one
likes: the version gate lets in what is newer and nothing else.

  list    what is under way or waits, what a group asked for by itself too, and the last that ended
  cancel  ends one, so that the log is no longer kept for it; a group that lacks events asks again`,
  options: {
    all: { type: 'boolean', doc: 'the current state of everything, then the log for its deletes' },
    'from-seq': {
      type: 'string',
      value: 'SEQ',
      doc: 'the log after this seq; all, where the log begins later',
    },
    aggregate: { type: 'string', value: 'NAME/ID', doc: 'one aggregate: its current state, then its events' },
    group: { type: 'string', value: 'G', doc: 'to this group; without it to all that get events' },
    reason: { type: 'string', value: 'TEXT', doc: 'why, for those who look at it later' },
    wait: { type: 'boolean', doc: 'follow it to its end' },
  },
  async run(context, { positionals: [action, ...ids], options }) {
    const { connections, print } = context
    switch (action) {
      case undefined:
        return ask(context, options)
      case 'list':
        print(await readReplayStates(connections.sql, finishedShown), replayTable)
        return 'ok'
      case 'cancel': {
        const [id] = ids
        if (id === undefined || !isUuid(id)) throw new UsageError('replay cancel takes one ID')
        const cancelled = await cancelReplay(connections.sql, { id, by: operatorName() })
        print({ cancelled }, () =>
          cancelled ? `${id} is cancelled` : `${id} has ended already, or never was`,
        )
        return cancelled ? 'ok' : 'trouble'
      }
      default:
        throw new UsageError(`replay does not know "${action}"`)
    }
  },
})

async function ask(
  { connections, progress, signal, print }: VerbContext,
  options: AskOptions,
): Promise<'ok' | 'trouble'> {
  const groups = options.group ? [groupNamed(options.group)] : await fedGroups(connections)
  const wishes = groups.map(({ group, aggregate }) => ({
    group,
    aggregate,
    scope: scopeOf(options, aggregate),
    reason: options.reason ?? 'asked for by an operator',
  }))
  const fitting = wishes.flatMap(({ scope, ...wish }) => (scope ? [{ ...wish, scope }] : []))
  if (fitting.length === 0) throw new UsageError(`no group takes events of ${options.aggregate}`)
  const ids = await askForReplays(connections, fitting)
  const step = options.wait ? progress.step('replay') : undefined
  const replays = options.wait
    ? await followReplays(connections.sql, ids, {
        patienceMs,
        signal,
        onProgress: (seen) => step?.note(seen.map(({ phase, sent }) => `${phase}, ${sent} sent`).join('; ')),
      })
    : await readReplays(connections.sql, ids)
  step?.done(replays.map(({ phase }) => phase).join(', '))
  print(
    replays.map((replay, index) => ({ ...replay, group: fitting[index]!.group })),
    screen,
  )
  return options.wait && replays.some(({ phase }) => phase !== 'done') ? 'trouble' : 'ok'
}

interface Group {
  readonly group: string
  readonly aggregate: string
}

async function fedGroups({ collectionOf }: Connections): Promise<Group[]> {
  const generations = await readGenerations(collectionOf)
  return generations.flatMap((model) =>
    model.fed.map((generation) => ({ group: modelAt(model, generation).group, aggregate: model.aggregate })),
  )
}

/** Of a generation that this program does not know too: it is made of the same aggregate. */
function groupNamed(group: string): Group {
  const model = readModels.find(({ name }) => group.replace(/-g\d+$/, '') === name)
  if (model) return { group, aggregate: model.handles.aggregate }
  throw new UsageError(
    `there is no group "${group}": one is ${readModels.map((known) => known.group).join(', ')}`,
  )
}

interface AskOptions extends Scopes {
  readonly group: string | undefined
  readonly reason: string | undefined
  readonly wait: boolean
}

interface Scopes {
  readonly all: boolean
  readonly 'from-seq': string | undefined
  readonly aggregate: string | undefined
}

/** @returns undefined where the group is of another aggregate than was asked for */
function scopeOf(options: Scopes, aggregate: string): ReplayScope | undefined {
  const given = [options.all, options['from-seq'] !== undefined, options.aggregate !== undefined]
  if (given.filter(Boolean).length !== 1)
    throw new UsageError('one of --all, --from-seq and --aggregate is needed')
  if (options.all) return { kind: 'all' }
  const seq = wholeNumber('from-seq', options['from-seq'])
  if (seq !== undefined) return { kind: 'from', seq }
  const [, name, id] = /^([^/]+)\/(.+)$/.exec(options.aggregate!) ?? []
  if (!name || !id) throw new UsageError('--aggregate takes NAME/ID, users/01890a5d-… for one')
  return name === aggregate ? { kind: 'aggregate', id: id.toLowerCase() } : undefined
}

function screen(replays: readonly (ReplayProgress & { group: string })[]): string {
  return textTable(
    [
      { title: 'replay', cell: ({ id }) => id },
      { title: 'group', cell: ({ group }) => group },
      { title: 'phase', cell: ({ phase }) => phase },
      { title: 'sent', cell: ({ sent }) => sent.toLocaleString('en-US'), isFigure: true },
      { title: 'error', cell: ({ error }) => error ?? '' },
    ],
    replays,
  )
}

const isUuid = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)

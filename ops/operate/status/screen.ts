import { textList, textTable } from '../../cli/table.ts'
import { duration, plural } from '../../load/figures.ts'
import type { BrokerState } from '../look/queues.ts'
import type { ReadSide } from '../look/read-side.ts'
import type { Part, SystemStatus } from './status.ts'
import type { ReplayState } from '../look/replays.ts'
import type { WriteSide } from '../look/write-side.ts'

/** One screen for people. */
export function statusScreen(status: SystemStatus): string {
  const { writeSide, broker, readSide, troubles } = status
  const sections = [
    `outbox-cqrs ${status.version}, ${status.source}, ${status.time}`,
    textList([...writeSideLines(writeSide), ...readSideLines(readSide), ...brokerLines(broker)]),
    broker.state === 'ok' ? queueTable(broker, readSide) : undefined,
    writeSide.state === 'ok' && writeSide.replays.length > 0 ? replayTable(writeSide.replays) : undefined,
    troubles.length === 0
      ? 'All is well.'
      : `${plural(troubles.length, 'trouble')}:\n${troubles.map((trouble) => `  ! ${trouble}`).join('\n')}`,
  ]
  return sections.filter((section) => section !== undefined).join('\n\n')
}

type Line = readonly [string, string]

function writeSideLines(side: Part<WriteSide>): Line[] {
  if (side.state !== 'ok') return [['write side', side.reason]]
  const { relay, backlog, log, parked } = side
  const leader =
    relay.leader === undefined
      ? 'nobody leads'
      : `${relay.leader} leads (token ${relay.token}, lease for ${duration(relay.leaseMs)})`
  const readers = log.readers.map(({ name, seq }) => `, ${name} at ${figure(seq)}`).join('')
  return [
    ['write side', side.version],
    ['relay', `${leader}${relay.paused ? ', paused' : ''}`],
    [
      'backlog',
      backlog.events === 0
        ? 'none'
        : `${plural(backlog.events, 'event')}, the oldest ${duration(backlog.oldestMs)} old`,
    ],
    [
      'log',
      `head ${figure(log.head)}, cursor ${figure(log.cursor)}, floor ${figure(log.floor)}, ` +
        `${plural(log.segments, 'segment')} with ${log.segmentsAhead} ahead${readers}`,
    ],
    ['relay parked', `${plural(parked.aggregates, 'aggregate')}, ${plural(parked.events, 'event')}`],
  ]
}

function readSideLines(side: Part<ReadSide>): Line[] {
  if (side.state !== 'ok') return [['read side', side.reason]]
  const models = side.models.map(
    ({ name, serving, fed }) =>
      `${name} serves g${serving}, feeds ${fed.map((one) => `g${one}`).join(' and ')}`,
  )
  return [
    ['read side', side.version],
    ['read models', models.join('; ')],
    ['projector parked', plural(side.parkedEvents, 'event')],
    ...(side.paused ? [['projector', 'paused'] as const] : []),
  ]
}

function brokerLines(broker: Part<BrokerState>): Line[] {
  return [['broker', broker.state === 'ok' ? (broker.version ?? 'RabbitMQ') : broker.reason]]
}

function queueTable({ queues }: BrokerState, readSide: Part<ReadSide>): string {
  const heartbeats = readSide.state === 'ok' ? readSide.heartbeats : {}
  return textTable(
    [
      { title: 'queue', cell: ({ queue }) => queue },
      { title: 'waiting', cell: ({ depth }) => (depth ? figure(depth.messages) : 'missing'), isFigure: true },
      { title: 'consumers', cell: ({ depth }) => (depth ? figure(depth.consumers) : '–'), isFigure: true },
      {
        title: 'heartbeat',
        cell: ({ queue }) => duration(heartbeats[queue] && heartbeats[queue].ageSeconds * 1_000),
        isFigure: true,
      },
      {
        title: 'applied to',
        cell: ({ queue }) => (heartbeats[queue] ? figure(heartbeats[queue].appliedTo) : '–'),
        isFigure: true,
      },
      { title: 'active replica', cell: ({ active }) => active ?? '–' },
    ],
    queues,
  )
}

export function replayTable(replays: readonly ReplayState[]): string {
  if (replays.length === 0) return 'no replay was asked for'
  return textTable(
    [
      { title: 'replay', cell: ({ id }) => id },
      { title: 'group', cell: ({ group }) => group },
      { title: 'scope', cell: ({ scope }) => scope },
      { title: 'phase', cell: ({ phase }) => phase },
      { title: 'sent', cell: ({ sent }) => figure(sent), isFigure: true },
      { title: 'asked by', cell: ({ requestedBy }) => requestedBy },
      { title: 'why', cell: ({ reason, error }) => (error ? `${reason}: ${error}` : reason) },
    ],
    replays,
  )
}

const figure = (value: number) => value.toLocaleString('en-US')

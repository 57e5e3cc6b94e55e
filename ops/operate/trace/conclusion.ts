import { duration, plural } from '../../load/figures.ts'
import type { QueueState } from '../look/queues.ts'
import type { ReadSide } from '../look/read-side.ts'
import type { WriteSide } from '../look/write-side.ts'
import type { ProjectedTrace, WrittenTrace } from './evidence.ts'

/** Everything that was found, for one read model's generation. */
export interface Evidence {
  readonly written: WrittenTrace
  readonly writeSide: WriteSide
  readonly projected: ProjectedTrace
  readonly readSide: ReadSide
  /** Undefined where the broker could not be asked. */
  readonly queue: QueueState | undefined
}

export interface Conclusion {
  readonly state: 'current' | 'behind' | 'ahead' | 'unknown'
  /** One sentence: why it is as it is, and what brings it on where somebody has to. */
  readonly text: string
}

/** Why this document is as it is: the first thing on the way that explains it. Pure. */
export function conclude(evidence: Evidence): Conclusion {
  const { written, projected } = evidence
  const newest = newestVersion(written)
  const has = projected.version ?? 0
  if (newest === 0 && has === 0)
    return { state: 'unknown', text: 'nobody knows it: there is no row, no event and no document' }
  if (newest === 0)
    return projected.deleted
      ? { state: 'current', text: `deleted, at version ${has}; the log no longer tells of it` }
      : { state: 'ahead', text: 'a document without row and without event: `verify --repair` removes it' }
  if (has > newest)
    return {
      state: 'ahead',
      text: `the document is at version ${has}, and PostgreSQL only at ${newest}: rows were lost there, rebuild`,
    }
  const isDeleted = written.rowVersion === undefined
  if (has === newest)
    return {
      state: 'current',
      text: `up to date: version ${newest} everywhere${isDeleted ? ', deleted' : ''}`,
    }
  const wanted = `version ${newest}, and ${projected.group} has ${has === 0 ? 'none' : has}`
  return { state: 'behind', text: `${wanted}: ${reason(evidence, has)}` }
}

export function newestVersion({ rowVersion = 0, events }: WrittenTrace): number {
  return Math.max(rowVersion, events[0]?.version ?? 0)
}

function reason(evidence: Evidence, has: number): string {
  const { written, writeSide, projected } = evidence
  // The oldest event that this group lacks is what holds it up; the newest alone would do to heal it.
  const missing = written.events.filter(({ version }) => version > has)
  const newest = missing[0]
  if (newest === undefined) return 'the log no longer has its events: `verify --repair` asks for its state'
  if (written.parked && newest.seq >= written.parked.firstSeq) return parkedAtRelay(written.parked)
  if (newest.seq > writeSide.log.cursor) return unpublished(newest.seq, writeSide)
  const parked = projected.parked.find(({ version }) => version === newest.version)
  if (parked)
    return `the event is parked by the projector (${parked.code})${parked.releaseRequested ? ', its release is asked for' : `: mend the cause, then \`parked release ${parked.id}\``}`
  return published(newest.seq, evidence)
}

function parkedAtRelay({
  events,
  since,
  reason: why,
  releaseRequested,
}: NonNullable<WrittenTrace['parked']>) {
  const next = releaseRequested ? 'its release is asked for' : 'mend the cause, then `parked release`'
  return `the relay has parked it with ${plural(events, 'event')} since ${since} (${why}): ${next}`
}

function unpublished(seq: number, { relay, backlog }: WriteSide): string {
  if (relay.refusal) return `the relay refuses to go on: ${relay.refusal}`
  if (relay.paused)
    return `the relay is paused by ${relay.paused.by} since ${relay.paused.at}: ${relay.paused.reason}`
  if (relay.leader === undefined) return `no relay leads, so event ${seq} is not published: is one running?`
  return (
    `the relay is behind: event ${seq} is not published yet ` +
    `(backlog ${plural(backlog.events, 'event')}, the oldest ${duration(backlog.oldestMs)} old)`
  )
}

function published(seq: number, { queue, readSide, projected, writeSide }: Evidence): string {
  const is = `event ${seq} is published`
  const replay = writeSide.replays.find(
    ({ group, phase }) => group === projected.group && !['done', 'failed'].includes(phase),
  )
  const coming = replay ? `; a replay (${replay.scope}) is under way` : ''
  if (readSide.paused)
    return `${is}, the projector is paused by ${readSide.paused.by} since ${readSide.paused.at}: ${readSide.paused.reason}`
  if (queue === undefined) return `${is}, and the broker cannot be asked where it is`
  if (queue.depth === undefined)
    return `${is}, and ${queue.queue} does not exist: no projector has declared it${coming}`
  const { messages, consumers } = queue.depth
  if (consumers === 0)
    return `${is}, and nobody consumes ${queue.queue} (${plural(messages, 'message')}): is a projector running?`
  const lack = readSide.incomplete.find((entry) => entry.queue === queue.queue)
  if (lack)
    return `${is}, and ${queue.queue} lacks events, since ${lack.why}: a replay is to bring them${coming}`
  const heartbeat = readSide.heartbeats[queue.queue]
  if (heartbeat === undefined || heartbeat.appliedTo < seq)
    return (
      `${is} and on its way through ${queue.queue} (${plural(messages, 'message')} waiting, ` +
      `${heartbeat ? `applied to ${heartbeat.appliedTo} ${duration(heartbeat.ageSeconds * 1_000)} ago` : 'no heartbeat yet'})${coming}`
    )
  return `${is} and went past ${projected.group}: ${coming ? coming.slice(2) : '`verify --repair` asks for it again'}`
}

import { isDeepStrictEqual } from 'node:util'
import { foldEmail, foldName } from '../../../query/users/folding.ts'
import type { LogEvent, Row, UserData } from '../history.ts'
import { isPublished, isShown } from './counts.ts'
import type { Findings } from './findings.ts'
import { isRemoval, type Matched, push, type Traced } from './match.ts'

/** I1: every 2xx command has its row, at least one publish, and the projection shows it. */
export function noLoss(matched: Matched, found: Findings): void {
  const rowOf = new Map(matched.history.rows.map((row) => [row.id, row]))
  for (const traced of matched.traced) {
    if (traced.outcome !== 'acknowledged') continue
    const { write, events, acknowledgements } = traced
    const event = events[0]
    found.expect(event !== undefined, () => `${nameOf(traced)} was acknowledged and is not in the log`)
    if (!event) continue
    const { version } = acknowledgements[0]!
    found.expect(version === undefined || version === event.version, () => {
      return `${nameOf(traced)} was answered as version ${version} and stored as ${event.version}`
    })
    const row = rowOf.get(event.aggregateId)
    const isRemoved = matched.eventsOf.get(event.aggregateId)!.some(isRemoval)
    found.expect(
      isRemoved || (row !== undefined && row.version >= event.version),
      () => `${nameOf(traced)} has an event and no row`,
    )
    found.expect(isPublished(matched, event), () => `${nameOf(traced)} was never confirmed by the broker`)
    found.expect(isShown(matched, event), () => {
      const document = matched.documentOf.get(write.id ?? event.aggregateId)
      return `${nameOf(traced)} is not shown: version ${event.version}, the store has ${document?.version ?? 'nothing'}`
    })
  }
}

/**
 * I2: everything in the log was published, whatever order its transactions committed in. Where the read side found
 * events missing and no fault had taken them from its queues, the relay had passed them over, whatever it believes.
 */
export function noSkip(matched: Matched, found: Findings): void {
  for (const { reason, isExpected } of matched.history.replays)
    found.expect(isExpected, () => `the read side had to ask for a replay: ${reason}`)
  for (const event of matched.history.log)
    found.expect(isPublished(matched, event), () => `seq ${event.seq} was passed over and never published`)
}

/** I3: no event and no document whose command rolled back or was refused; rows, events and documents agree. */
export function noGhost(matched: Matched, found: Findings): void {
  const { traced, unattributed, sendings, eventById, eventsOf, history } = matched
  for (const one of traced)
    if (one.outcome === 'refused')
      found.expect(one.events.length === 0, () => `${nameOf(one)} was refused, and has an event`)
  for (const event of unattributed)
    found.expect(false, () => `seq ${event.seq} belongs to no write of the client`)
  for (const [id, [first]] of sendings)
    found.expect(eventById.has(id), () => `${first!.call.relay} published ${id}, which is not in the log`)
  for (const { _id: id, version } of history.documents)
    found.expect(
      eventsOf.get(id)?.some((event) => event.version === version) ?? false,
      () => `the store has ${id} in version ${version}, which the log does not know`,
    )
  rowsAgree(matched, found)
}

/** The zombie record (state without event) and the ghost message (event without state), in the tables themselves. */
function rowsAgree({ history, eventsOf }: Matched, found: Findings): void {
  const rows = new Map(history.rows.map((row) => [row.id, row]))
  for (const [id, events] of eventsOf) {
    const last = events.at(-1)!
    const row = rows.get(id)
    const agrees = isRemoval(last) ? row === undefined : row !== undefined && isRowOf(row, last)
    found.expect(agrees, () => `the row of ${id} is not its last event's state (seq ${last.seq})`)
    for (const [index, event] of events.entries())
      found.expect(
        event.version === index + 1,
        () => `${id} has version ${event.version} as event ${index + 1}`,
      )
  }
  for (const { id } of history.rows)
    if (!eventsOf.has(id)) found.expect(false, () => `the row ${id} has no event at all`)
}

const userFields = ['id', 'first_name', 'last_name', 'email', 'created_at', 'updated_at'] as const

const isRowOf = (row: Row, { version, data }: LogEvent) =>
  row.version === version && userFields.every((field) => row[field] === data[field])

/** I4: each document is exactly what its version's event makes of it, and no write happened twice. */
export function exactlyOnce(matched: Matched, found: Findings): void {
  const { history, eventsOf, traced } = matched
  for (const document of history.documents) {
    const { _id: id, version } = document
    const event = eventsOf.get(id)?.find((one) => one.version === version)
    if (!event) continue
    found.expect(isDeepStrictEqual({ ...document }, expectedDocument(event)), () => {
      return `${id} in version ${version} is not what its event says`
    })
  }
  for (const version of history.versions ?? []) {
    const [id, number] = [version._id.split('.')[0]!, version.version]
    const event = eventsOf.get(id)?.find((one) => one.version === number)
    found.expect(event !== undefined && isDeepStrictEqual({ ...version }, expectedVersion(event)), () => {
      return `version ${number} of ${id} in the history is not what its event says`
    })
  }
  for (const one of traced)
    found.expect(one.events.length <= 1, () => `${nameOf(one)} was carried out ${one.events.length} times`)
}

/** Written here once more, and not taken from the projection: it is what the projection is held against. */
function expectedDocument({ aggregateId, version, data, occurredAt, ...event }: LogEvent): object {
  if (isRemoval({ aggregateId, version, data, occurredAt, ...event }))
    return { _id: aggregateId, version, deleted_at: occurredAt }
  const { id: _, changed: __, ...fields } = data as UserData & { changed?: unknown }
  return {
    _id: aggregateId,
    version,
    ...fields,
    first_name_key: foldName(fields.first_name),
    last_name_key: foldName(fields.last_name),
    email_key: foldEmail(fields.email),
  }
}

const kinds = { created: 'created', updated: 'updated', deleted: 'deleted' } as const

/** Of an event, and not of a snapshot, whose rank is below: the log of a run is whole. */
function expectedVersion({ aggregateId, type, version, data, occurredAt }: LogEvent): object {
  const kind = kinds[type.split('.')[2] as keyof typeof kinds]
  const { id: _, changed = null, ...values } = data as UserData & { changed?: unknown }
  return {
    _id: `${aggregateId}.${String(version).padStart(10, '0')}`,
    version,
    rank: 4,
    type: kind,
    at: occurredAt,
    by: null,
    changed,
    ...(kind === 'deleted' ? { deletion: true } : values),
  }
}

/** I6: within the limit after healing: no backlog, empty queues, and the store is the fold of the log. */
export function convergence({ history, eventsOf, documentOf }: Matched, found: Findings): void {
  const { agreedMs, limitMs, backlogEvents, queued } = history.convergence
  found.expect(agreedMs !== undefined, () => `no agreement within ${limitMs} ms`)
  const open = history.replays.filter(({ phase }) => phase !== 'done')
  found.expect(open.length === 0, () => `replays are not done: ${open.map(({ phase }) => phase)}`)
  found.expect(backlogEvents === 0, () => `${backlogEvents} events are left in the backlog`)
  const left = Object.entries(queued).filter(([, count]) => count > 0)
  found.expect(
    left.length === 0,
    () => `queues are not empty: ${left.map(([name, count]) => `${name} ${count}`)}`,
  )
  const kept = new Set(history.versions?.map(({ _id: id, version }) => `${id.split('.')[0]} ${version}`))
  for (const [id, events] of eventsOf) {
    const lost = history.versions ? events.filter(({ version }) => !kept.has(`${id} ${version}`)) : []
    found.expect(lost.length === 0, () => {
      return `the history of ${id} lacks version ${lost.map(({ version }) => version).join(', ')}`
    })
    const last = events.at(-1)!
    const document = documentOf.get(id)
    found.expect(document?.version === last.version, () => {
      return `${id} is at version ${last.version}, the store at ${document?.version ?? 'none'}`
    })
  }
}

/** I8: one winner for each e-mail, one event, one row; the same key gives the same answer. */
export function uniqueness({ traced, history }: Matched, found: Findings): void {
  const contests = new Map<string, Traced[]>()
  for (const one of traced)
    if (one.write.kind === 'create' && one.write.email) push(contests, one.write.email.toLowerCase(), one)
  const rows = new Map<string, number>()
  for (const { email } of history.rows)
    rows.set(email.toLowerCase(), (rows.get(email.toLowerCase()) ?? 0) + 1)
  for (const [email, contenders] of contests) {
    const winners = contenders.filter(({ outcome }) => outcome === 'acknowledged').length
    const events = contenders.reduce((sum, one) => sum + one.events.length, 0)
    found.expect(winners <= 1, () => `${email} was given ${winners} times`)
    found.expect(events <= 1, () => `${email} was created ${events} times`)
    found.expect((rows.get(email) ?? 0) <= 1, () => `${email} stands in ${rows.get(email)} rows`)
    if (contenders.length > 1 && contenders.every(({ outcome }) => outcome !== 'unknown'))
      found.expect(winners === 1, () => `nobody of ${contenders.length} got ${email}`)
  }
  for (const { write, acknowledgements } of traced)
    if (acknowledgements.length > 1) {
      const answers = new Set(acknowledgements.map(({ id, version, status }) => `${status} ${id} ${version}`))
      found.expect(answers.size === 1, () => `w${write.n} was answered in ${answers.size} ways`)
    }
}

const nameOf = ({ write }: Traced) => `${write.kind} w${write.n}`

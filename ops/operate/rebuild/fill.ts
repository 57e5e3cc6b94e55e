import { listReplays } from '../../../command/relay/replay/operations.ts'
import { parkedEvents } from '../../../query/projector/parking/parked-events.ts'
import type { ReadModel } from '../../../query/projector/read-model.ts'
import { createRecords } from '../../../query/projector/records.ts'
import { delay } from '../../../shared/process/backoff.ts'
import { RebuildError, type RebuildDeps } from './deps.ts'
import { partitionsOf } from './replicas.ts'

const pollMs = 500

/**
 * Waits until the replay that the new generation's projectors asked for by themselves has ended on every partition.
 * @throws RebuildError when an event could not be applied: live that is parked and others flow, here it is the end
 */
export async function filled(
  deps: RebuildDeps,
  { from, to }: { from: ReadModel; to: ReadModel },
): Promise<void> {
  const records = createRecords(deps.collectionOf)
  const expected = await deps.collectionOf(from.collection).estimatedDocumentCount()
  for (;;) {
    deps.signal.throwIfAborted()
    await failOnParked(deps, to)
    const partitions = await partitionsOf(deps)
    const queues = (await records.queues()).filter(({ group }) => group === to.group)
    const open = queues.filter(({ replay, isUndeclared }) => replay || isUndeclared)
    if (partitions > 0 && queues.length >= partitions && open.length === 0) return
    const count = await deps.collectionOf(to.collection).estimatedDocumentCount()
    const isAskedFor = open.length > 0 && open.every(({ replay }) => replay?.published_at)
    deps.onProgress(
      'fill',
      `${count} of about ${expected} documents, ${partitions - open.length} of ${partitions} partitions filled` +
        (isAskedFor ? await replayState(deps, to) : ', the replay is not asked for yet'),
    )
    await delay(pollMs, deps.signal)
  }
}

/** @throws RebuildError */
export async function failOnParked({ collectionOf }: RebuildDeps, { group }: ReadModel): Promise<void> {
  const parked = await parkedEvents(collectionOf).findOne({ group }, { projection: { body: 0, headers: 0 } })
  if (!parked) return
  const { event_type = 'a message', aggregate_id = 'unknown', version, code, detail } = parked
  const what = `${event_type} of ${aggregate_id}${version === undefined ? '' : `, version ${version},`}`
  throw new RebuildError(`${what} cannot be applied (${code}): ${detail}`)
}

/** For people; a database that is away is no reason to stop. */
async function replayState({ sql }: RebuildDeps, { group }: ReadModel): Promise<string> {
  if (!sql) return ''
  try {
    const replay = (await listReplays(sql, { finished: 3 })).find((candidate) => candidate.group === group)
    return replay ? `, replay: ${replay.phase}, ${replay.sent} sent` : ''
  } catch {
    return ''
  }
}

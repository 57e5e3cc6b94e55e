import { versionsOf, type ReadModelSettings } from '../projector/read-model.ts'
import type { SweepContext } from '../projector/sweeps.ts'
import { valueNames, type VersionDocument } from './document.ts'

export const eraseAfterSetting = 'HISTORY_ERASE_AFTER_S'

/** Versions of users who were deleted before this have no values any more, swept or not. ISO 8601. */
export const erasedBefore = (settings: ReadModelSettings, now: Date): string =>
  new Date(now.getTime() - Number(settings[eraseAfterSetting]) * 1_000).toISOString()

const batchMax = 200
/** A version that came after its user was swept, out of a replay or parked until then, is swept within so long. */
const againMs = 86_400_000

/**
 * Erases the values of all versions of users who were deleted long enough ago. Who changed which fields and when stays.
 * A delete is marked once its versions are done, and looked at again once a day.
 */
export async function eraseDeleted({ collection, now, settings, signal }: SweepContext): Promise<number> {
  type Stored = VersionDocument & { _id: string }
  const versions = collection as unknown as SweepContext<Stored>['collection']
  const erased_at = now.toISOString()
  const due = {
    deletion: true as const,
    at: { $lte: erasedBefore(settings, now) },
    $or: [
      { erased_at: { $exists: false } },
      { erased_at: { $lt: new Date(now.getTime() - againMs).toISOString() } },
    ],
  }
  const $unset = Object.fromEntries(valueNames.map((name) => [name, '' as const])) as Record<string, ''>
  let erased = 0
  while (!signal.aborted) {
    const deletes = await versions.find(due, { projection: { _id: 1 }, limit: batchMax }).toArray()
    for (const { _id } of deletes) {
      const id = _id.slice(0, _id.lastIndexOf('.'))
      const { modifiedCount } = await versions.updateMany(
        { _id: versionsOf(id), deletion: { $exists: false }, erased_at: { $exists: false } },
        { $unset, $set: { erased_at } },
        { writeConcern: { w: 'majority' } },
      )
      erased += modifiedCount
    }
    const ids = deletes.map(({ _id }) => _id)
    if (ids.length > 0)
      await versions.updateMany(
        { _id: { $in: ids } },
        { $set: { erased_at } },
        { writeConcern: { w: 'majority' } },
      )
    if (deletes.length < batchMax) break
  }
  return erased
}

import { userEvents, type UserEvent } from '../../shared/events/users.ts'
import { integer } from '../../shared/process/settings.ts'
import { readModel } from '../projector/read-model.ts'
import { asOf } from './as-of.ts'
import { versionDocument, type VersionDocument } from './document.ts'
import { eraseAfterSetting, eraseDeleted } from './erasing.ts'
import { historyRoutes } from './routes.ts'

/** What every user was, version by version: who changed what, and when. */
export const usersHistory = readModel({
  name: 'users_history',
  generation: 1,
  handles: userEvents,
  perVersion: { deletion: 'deletion' },
  document: versionDocument,
  // Of deletes alone: nothing else has the field.
  indexes: [{ name: 'deletion', keys: { deletion: 1, at: 1 } }],
  project: projectVersion,
  // A snapshot stands in for what the log no longer tells, and gives way to the event itself.
  rank: ({ type }) => (type === 'users.user.snapshot.v2' ? 1 : 2),
  settings: {
    [eraseAfterSetting]: integer({
      doc: "So long after a delete the values of all of a user's versions are erased from its history (seconds); who, when and which fields stays.",
      default: 30 * 86_400,
      min: 0,
      max: 100 * 366 * 86_400,
    }),
  },
  sweep: { everyMs: 60_000, run: eraseDeleted },
  routes: historyRoutes,
  extensions: (reads, options) => [asOf(reads, options)],
})

export function projectVersion(event: UserEvent): VersionDocument {
  const { type, time, actor = null, data } = event
  const by = { at: new Date(time).toISOString(), by: actor, changed: data.changed }
  switch (type) {
    case 'users.user.created.v2':
      return { type: 'created', ...by, ...valuesOf(event) }
    case 'users.user.updated.v2':
      return { type: 'updated', ...by, ...valuesOf(event) }
    case 'users.user.snapshot.v2':
      // Its own time is that of the replay.
      return { type: 'snapshot', ...by, at: event.data.updated_at, ...valuesOf(event) }
    case 'users.user.deleted.v2':
      return { type: 'deleted', ...by, deletion: true }
    default:
      return event satisfies never
  }
}

function valuesOf({ data }: Exclude<UserEvent, { type: 'users.user.deleted.v2' }>) {
  const { id: _, changed: __, ...values } = data
  return values
}

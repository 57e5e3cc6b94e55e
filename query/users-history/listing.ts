import { t } from 'elysia'
import { userState } from '../../shared/events/users.ts'
import { pageOfFound, pageParameters, pageSize, type Listing } from '../listing.ts'
import { decodeCursor, type ListIdentity } from '../paging.ts'
import { versionsOf } from '../projector/read-model.ts'
import type { Stored } from '../reads.ts'

const query = t.Object(
  { id: userState.properties.id, ...pageParameters('versions') },
  { additionalProperties: false },
)

/** The versions of one user, the newest first. A cursor goes on where it was made, whatever was written since. */
export const historyListing: Listing<typeof query> = {
  query,
  fields: ['deletion'],
  pageRequest: (asked, fields) => ({
    where: [{ _id: versionsOf(asked.id) }],
    order: { field: '_id', direction: -1 },
    after: asked.cursor === undefined ? undefined : decodeCursor(identity(asked), asked.cursor),
    limit: pageSize(asked) + 1,
    fields,
  }),
  toPage: (asked, found) => pageOfFound(asked, found, identity(asked), positionOf),
  positionOf: (_, last) => positionOf(last),
}

const positionOf = ({ _id: id }: Stored<unknown>) => ({ value: id, id })
const identity = ({ id }: { id: string }): ListIdentity => ({ sort: '-version', filters: { id } })

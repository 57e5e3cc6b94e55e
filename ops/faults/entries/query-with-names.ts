import { Type } from '@sinclair/typebox'
import { Elysia } from 'elysia'
import { readModel, type ReadModel } from '../../../query/projector/read-model.ts'
import { readModels } from '../../../query/read-models.ts'
import { userEvents } from '../../../shared/events/users.ts'

/** A read model that a later version of the query side brings with it: the same events, another document. */
const names = readModel({
  name: 'names',
  generation: 1,
  handles: userEvents,
  document: Type.Object({ name: Type.String() }),
  indexes: [{ name: 'name', keys: { name: 1 } }],
  project: (event) =>
    event.type === 'users.user.deleted.v2'
      ? null
      : { name: `${event.data.first_name} ${event.data.last_name}` },
  routes: () => new Elysia({ name: 'names' }),
})
;(readModels as ReadModel[]).push(names)
await import('../../../query/main.ts')

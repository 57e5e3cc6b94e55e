import type { CollectionOf } from '../collection-of.ts'
import type { Member } from './balance.ts'

/** The projectors of all replicas, as each reports itself. All operations throw when the store is away. */
export interface Members {
  report(member: Member): Promise<void>
  all(): Promise<readonly Member[]>
  /** Nothing where it has reported since. */
  forget(member: Pick<Member, 'replica' | 'run'> & { readonly beat?: number }): Promise<void>
}

type Stored = Omit<Member, 'replica'> & { readonly _id: string }

export function createMembers(collectionOf: CollectionOf): Members {
  const members = () => collectionOf<Stored>('projector_members')
  return {
    async report({ replica, ...rest }) {
      await members().updateOne({ _id: replica }, { $set: rest }, { upsert: true })
    },
    async all() {
      const found = await members().find({}).toArray()
      return found.map(({ _id, ...rest }) => ({ replica: _id, ...rest }))
    },
    async forget({ replica, run, beat }) {
      await members().deleteOne({ _id: replica, run, ...(beat === undefined ? undefined : { beat }) })
    },
  }
}

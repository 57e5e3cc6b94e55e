import type { CollectionOf } from '../collection-of.ts'

/** What one query process has seen of the pointers, for whoever waits until all have. */
export interface ReplicaReport {
  /** Its name and its roles. */
  readonly replica: string
  readonly partitions: number
  /** Rises with every report: that it does not stand still is the sign of life, and needs no common clock. */
  readonly beat: number
  /** By read model, the generation of its code. */
  readonly code: Readonly<Record<string, number>>
  /** By read model, the pointer's revision that this process acts on. */
  readonly revisions: Readonly<Record<string, number>>
}

export interface Replicas {
  report(report: ReplicaReport): Promise<void>
  all(): Promise<readonly ReplicaReport[]>
  forget(replica: string): Promise<void>
}

type Stored = Omit<ReplicaReport, 'replica'> & { readonly _id: string }

export function createReplicas(collectionOf: CollectionOf): Replicas {
  const replicas = () => collectionOf<Stored>('projector_replicas')
  return {
    async report({ replica, ...rest }) {
      await replicas().updateOne({ _id: replica }, { $set: rest }, { upsert: true })
    },
    async all() {
      const found = await replicas().find({}).toArray()
      return found.map(({ _id, ...rest }) => ({ replica: _id, ...rest }))
    },
    async forget(replica) {
      await replicas().deleteOne({ _id: replica })
    },
  }
}

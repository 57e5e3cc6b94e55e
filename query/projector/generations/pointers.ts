import type { CollectionOf } from '../collection-of.ts'
import type { ReadModel } from '../read-model.ts'
import { duplicateKey } from '../store-writer.ts'
import type { Rebuild } from './rebuild-state.ts'

/**
 * Which generation of a read model is read, and which are fed: one document, which every query process looks at every
 * second. Changing it is all that a switch takes.
 */
export interface Pointer {
  /** The read model's name. */
  readonly name: string
  /** Every change raises it, and compares it. */
  readonly revision: number
  readonly serving: number
  readonly fed: readonly number[]
  /** Highest number that was ever used: a number never comes again, since queues of it may be left somewhere. */
  readonly highest: number
  /** By generation, the read model's own (of the code) as it was begun. */
  readonly projections: Readonly<Record<string, number>>
  readonly rebuild?: Rebuild | undefined
}

/** All of them throw when the store is away. */
export interface Pointers {
  find(name: string): Promise<Pointer | undefined>
  /** Of these read models; one that has none yet gets the generation of its code. */
  ensure(models: readonly ReadModel[]): Promise<readonly Pointer[]>
  /** @returns the pointer as it is now; undefined, and nothing changed, when somebody else was faster */
  change(known: Pointer, change: PointerChange): Promise<Pointer | undefined>
}

export type PointerChange = Partial<Omit<Pointer, 'name' | 'revision'>>

/** A document; the read model's name is its id. */
type Stored = Omit<Pointer, 'name'> & { readonly _id: string }

const durable = { writeConcern: { w: 'majority' as const } }

export function createPointers(collectionOf: CollectionOf): Pointers {
  const pointers = () => collectionOf<Stored>('read_models')

  async function all(): Promise<Map<string, Pointer>> {
    const found = await pointers().find({}).toArray()
    return new Map(found.map((stored) => [stored._id, pointerOf(stored)]))
  }

  async function insert({ name, generation }: ReadModel): Promise<void> {
    const first = { revision: 1, serving: generation, fed: [generation], highest: generation }
    try {
      await pointers().insertOne({ _id: name, ...first, projections: { [generation]: generation } }, durable)
    } catch (error) {
      if ((error as { code?: unknown }).code !== duplicateKey) throw error
    }
  }

  return {
    find: async (name) => (await all()).get(name),
    async ensure(models) {
      const known = await all()
      const missing = models.filter(({ name }) => !known.has(name))
      for (const model of missing) await insert(model)
      const now = missing.length > 0 ? await all() : known
      return models.map(({ name }) => now.get(name)!)
    },
    async change({ name, revision, ...rest }, change) {
      const { rebuild, ...next } = { ...rest, ...change }
      const result = await pointers().updateOne(
        { _id: name, revision },
        {
          $set: { ...next, revision: revision + 1, ...(rebuild ? { rebuild } : undefined) },
          ...(rebuild ? undefined : { $unset: { rebuild: '' as const } }),
        },
        durable,
      )
      if (result.matchedCount === 0) return undefined
      return { ...next, name, revision: revision + 1, rebuild }
    },
  }
}

const pointerOf = ({ _id, ...rest }: Stored): Pointer => ({ name: _id, ...rest })

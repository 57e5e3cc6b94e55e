import type { StoreWriter } from '../projector/store-writer.ts'

/** @param id of the document in the collection, which is at this version now, or at a newer one */
type Listener = (collection: string, id: string, version: number) => void

/** What the projector of this process has written, told to whoever waits for it here. */
export interface Notices {
  /** The same writer, which tells of what it wrote. */
  noting(writer: StoreWriter): StoreWriter
  /** Never ends; must not throw. */
  listen(listener: Listener): void
}

export function createNotices(): Notices {
  const listeners: Listener[] = []
  return {
    noting: ({ write }) => ({
      async write(collection, changes) {
        const outcome = await write(collection, changes)
        for (const listener of listeners)
          for (const { id, version } of changes) listener(collection, id, version)
        return outcome
      },
    }),
    listen: (listener) => void listeners.push(listener),
  }
}

// k6 has no other way for a line out of a script.
/* oxlint-disable no-console */
import { isRecorded } from './settings.ts'

/** One line for each acknowledged write; after the run `npm run load` reads them all back. */
export function acknowledged(id: string, version: number | 'removed'): void {
  if (isRecorded) console.log(`acknowledged ${id} ${version}`)
}

/** A removal without an answer may have happened: then nothing can be said of that user any more. */
export function unknown(id: string): void {
  if (isRecorded) console.log(`unknown ${id}`)
}

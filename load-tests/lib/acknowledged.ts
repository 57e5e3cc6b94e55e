// k6 has no other way for a line out of a script.
/* oxlint-disable no-console */
import { isRecorded } from './settings.ts'

/** One line for each acknowledged write; after the run `npm run load` reads them all back. */
export function acknowledged(id: string, version: number | 'removed'): void {
  if (isRecorded) console.log(`acknowledged ${id} ${version}`)
}

/**
 * Said before a removal is asked for: where no answer follows, also because the run was ended, it may have happened,
 * and nothing can be said of that user any more.
 */
export function removing(id: string): void {
  if (isRecorded) console.log(`removing ${id}`)
}

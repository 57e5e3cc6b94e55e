import type { Runnable } from '../../shared/process/lifecycle.ts'

/** All reads of this process that wait for something to be applied: so many, and none once it stops. */
export interface WaitingRoom extends Runnable {
  /**
   * @param release called when the process stops, after which nobody is let in
   * @returns to be called when the wait is over; undefined where there is no place
   */
  enter(release: () => void): (() => void) | undefined
  /** How many wait now. */
  readonly size: number
}

export function createWaitingRoom(placesMax: number): WaitingRoom {
  const releases = new Set<() => void>()
  let isClosed = false
  return {
    name: 'waiting reads',
    get size() {
      return releases.size
    },
    start() {},
    async stop() {
      isClosed = true
      for (const release of releases) release()
    },
    enter(release) {
      if (isClosed || releases.size >= placesMax) return undefined
      releases.add(release)
      return () => void releases.delete(release)
    },
  }
}

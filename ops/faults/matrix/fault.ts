import type { ServerName, Stack } from '../../stack/index.ts'
import type { Scene } from '../scene.ts'
import type { Topology } from '../world/world.ts'

/** A way to hurt the system, with what must come of it. */
export interface Fault {
  /** `F1` … `F23`. */
  readonly id: string
  readonly title: string
  readonly expected: string
  readonly variants: readonly Variant[]
}

export interface Variant {
  readonly name: string
  /** How many runs the whole matrix makes of it, each with the next seed. */
  readonly runs: number
  /** Of load. */
  readonly seconds: number
  readonly topology?: Partial<Topology>
  readonly writesPerSecond?: number
  readonly readsPerSecond?: number
  readonly patienceMs?: number
  /** From healing to agreement. */
  readonly convergeMs?: number
  readonly script: (scene: Scene) => Promise<void>
  /** Servers of its own, for what cannot be done to those that all runs share. */
  readonly ownStack?: (dataDir: string, signal: AbortSignal) => Promise<OwnStack>
}

export interface OwnStack {
  readonly stack: Stack
  /** Where a server's data is. */
  dirOf(server: ServerName): string
  release(): Promise<void>
}

import { installPeers } from '../../../../ops/faults/peers/install.ts'
import type { Progress } from '../../../../ops/stack/progress.ts'
import { type Debezium, installDebezium } from './debezium-install.ts'

/** What people use instead, installed outside the project's own dependencies. */
export interface Peers {
  readonly folder: string
  readonly debezium: Debezium
}

export async function installAllPeers(progress: Progress, signal: AbortSignal): Promise<Peers> {
  return { folder: await installPeers(progress, signal), debezium: await installDebezium(progress, signal) }
}

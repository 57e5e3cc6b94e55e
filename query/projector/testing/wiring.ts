import { silentLogger } from '../../../shared/process/log.ts'
import { createMetrics } from '../../../shared/process/registry.ts'
import type { Database } from '../../database.ts'
import type { BalanceTimes } from '../balance/balance.ts'
import { createParkedView } from '../parking/view.ts'
import { createPauseSwitch } from '../pause.ts'
import { createPipelineView } from '../pipeline-view.ts'
import { createProjector, type ProjectorOptions } from '../projector.ts'
import { createRecords } from '../records.ts'
import { createStoreWriter } from '../store-writer.ts'
import type { ReadModel } from '../read-model.ts'
import { fixedGenerations } from './fixed-generations.ts'
import { things } from './things.ts'

/** Hand-overs as fast as a test can bear. */
export const hasty: BalanceTimes = { lookMs: 50, liveMs: 2_000, calmMs: 200, holdMs: 100, againMs: 2_000 }

export interface WiringChange extends Partial<ProjectorOptions> {
  readonly readModels?: readonly ReadModel[]
}

/** A projector as the service makes it, of the read model `things`. @param change what differs from that */
export function wireProjector(
  { collectionOf, ping }: Pick<Database, 'collectionOf' | 'ping'>,
  broker: { readonly brokerUrl: string; readonly partitions: number },
  { readModels = [things], ...change }: WiringChange = {},
) {
  const records = createRecords(collectionOf)
  const view = createPipelineView(records)
  const parked = createParkedView(collectionOf)
  const pause = createPauseSwitch({ collectionOf, log: silentLogger })
  const metrics = createMetrics('test')
  const projector = createProjector({
    ...broker,
    generations: fixedGenerations(readModels),
    replica: 'replica-1',
    prefetch: 1_000,
    batchMax: 500,
    stallMs: 30_000,
    overdueMs: 30_000,
    writer: createStoreWriter(collectionOf),
    records,
    view,
    parked,
    pause,
    attemptsMax: 3,
    parkedMax: 100,
    collectionOf,
    pingStore: ping,
    settingsOf: () => ({}),
    log: silentLogger,
    metrics,
    ...change,
  })
  return { projector, metrics, pause, view, records, parked }
}

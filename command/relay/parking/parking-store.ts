import type { LogBatch } from '../log-store.ts'
import type { PostgresLog } from '../postgres-log.ts'
import type { AggregateKey, ParkedAggregate } from './parked.ts'
import { deleteParkedSql, endReleaseSql, isMarkedSql, parkAgainSql } from './statements.ts'
import { parkedAggregatesSql, readParkedSql } from './statements.ts'

/**
 * The parked events, as the active relay releases them. Keeping them is `LogStore.moveCursor`'s, in one transaction
 * with the cursor.
 *
 * Contract as of `LogStore`: each method is one transaction and may be repeated by its caller; a token fences
 * whoever is late, and a late repeat finds nothing left to do.
 */
export interface ParkingStore {
  aggregates(): Promise<readonly ParkedAggregate[]>
  /** Has an operator asked for a release? So too where the operator deleted the aggregate's row. */
  isMarked(aggregate: AggregateKey): Promise<boolean>
  /** The parked events of one aggregate in their order, bounded like the log's batches. */
  read(request: AggregateKey & { after: number; limit: number; bytesMax: number }): Promise<LogBatch>
  /** Deletes the events up to `seq`, which are confirmed. @returns false when the token is no longer the valid one */
  remove(request: AggregateKey & { token: number; seq: number }): Promise<boolean>
  /** Ends a release when nothing is left; undefined when the token is no longer the valid one. */
  endRelease(request: AggregateKey & { token: number }): Promise<ReleaseEnd | undefined>
  /** Takes the mark away, with a new reason. @returns false when the token is no longer the valid one */
  parkAgain(request: AggregateKey & { token: number; reason: string }): Promise<boolean>
}

export interface ReleaseEnd {
  /** False: more came meanwhile, and is released first. */
  readonly ended: boolean
  /** Events that an operator discarded; null where the aggregate's row was deleted. */
  readonly discarded: number | null
}

export function parkingStore(log: Pick<PostgresLog, 'run' | 'batch'>): ParkingStore {
  const isDone = async (statement: string, parameters: unknown[]) =>
    (await log.run<unknown[]>(statement, parameters)).length === 1
  return {
    aggregates: () => log.run<ParkedAggregate[]>(parkedAggregatesSql, []),
    async isMarked({ aggregatetype, aggregateid }) {
      const [row] = await log.run<[{ marked: boolean }?]>(isMarkedSql, [aggregatetype, aggregateid])
      return row?.marked ?? true
    },
    read: ({ aggregatetype, aggregateid, ...request }) =>
      log.batch(readParkedSql, request, [aggregatetype, aggregateid]),
    remove: ({ token, aggregatetype, aggregateid, seq }) =>
      isDone(deleteParkedSql, [token, aggregatetype, aggregateid, seq]),
    async endRelease({ token, aggregatetype, aggregateid }) {
      const [end] = await log.run<[ReleaseEnd?]>(endReleaseSql, [token, aggregatetype, aggregateid])
      return end
    },
    parkAgain: ({ token, aggregatetype, aggregateid, reason }) =>
      isDone(parkAgainSql, [token, aggregatetype, aggregateid, reason]),
  }
}

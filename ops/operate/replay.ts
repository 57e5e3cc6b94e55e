import { hostname, userInfo } from 'node:os'
import type { SQL } from 'bun'
import type { ReplayScope } from '../../shared/messaging/replay.ts'
import { requestReplay } from '../../shared/messaging/request-replay.ts'
import { delay } from '../../shared/process/backoff.ts'
import type { Connections } from './connections.ts'

export interface ReplayWish {
  readonly group: string
  readonly aggregate: string
  readonly scope: ReplayScope
  /** Undefined for all. */
  readonly only?: readonly number[]
  readonly reason: string
}

/**
 * Asks the relay, durably; it begins when a relay leads.
 * @returns the requests' ids
 * @throws ReplayNotAcceptedError where no relay has been at this broker yet; Unreachable
 */
export async function askForReplays(
  { broker, places }: Connections,
  wishes: readonly ReplayWish[],
): Promise<string[]> {
  const client = await broker()
  const channel = await client.channel()
  const ids: string[] = []
  try {
    for (const { only, ...wish } of wishes) {
      const id = Bun.randomUUIDv7()
      await requestReplay(channel, {
        ...wish,
        id,
        partitions: places.partitions,
        only: only ? [...only] : null,
        requested_by: operatorName(),
        requested_at: new Date().toISOString(),
      })
      ids.push(id)
    }
  } finally {
    await channel.close().catch(() => {})
  }
  return ids
}

/** Who types here, for what others will read later. */
export const operatorName = () =>
  `${process.env['SUDO_USER'] || process.env['USER'] || userInfo().username}@${hostname()}`

export interface ReplayProgress {
  readonly id: string
  /** `asked`: no relay has taken the request from its queue yet. */
  readonly phase: 'asked' | 'waiting' | 'snapshot' | 'log' | 'markers' | 'done' | 'failed'
  readonly sent: number
  readonly error: string | undefined
}

export async function readReplays(sql: SQL, ids: readonly string[]): Promise<ReplayProgress[]> {
  const rows: (Omit<ReplayProgress, 'error'> & { error: string | null })[] = await sql.unsafe(
    `SELECT id::text AS id, phase, sent::float8 AS sent, error FROM outbox_replays
     JOIN json_array_elements_text($1::text::json) wanted ON id = wanted::uuid`,
    [JSON.stringify(ids)],
  )
  const known = new Map(rows.map((row) => [row.id, { ...row, error: row.error ?? undefined }]))
  return ids.map((id) => known.get(id) ?? { id, phase: 'asked', sent: 0, error: undefined })
}

export const isOver = ({ phase }: ReplayProgress) => phase === 'done' || phase === 'failed'

const pollMs = 250

export interface FollowOptions {
  /** Without any progress for so long they are left as they are; the relay goes on with them. */
  readonly patienceMs: number
  readonly signal: AbortSignal
  readonly onProgress: (replays: readonly ReplayProgress[]) => void
}

/** Resolves when all are done or failed: what they sent is then in the group's queues, and applied soon after. */
export async function followReplays(
  sql: SQL,
  ids: readonly string[],
  { patienceMs, signal, onProgress }: FollowOptions,
): Promise<readonly ReplayProgress[]> {
  let [before, movedAtMs] = ['', performance.now()]
  for (;;) {
    const replays = await readReplays(sql, ids)
    onProgress(replays)
    const now = JSON.stringify(replays)
    if (now !== before) [before, movedAtMs] = [now, performance.now()]
    if (replays.every(isOver) || performance.now() - movedAtMs > patienceMs) return replays
    await delay(pollMs, signal)
    signal.throwIfAborted()
  }
}

import type { SQL } from 'bun'
import { listReplays, type ReplaySummary } from '../../../command/relay/replay/operations.ts'

/** One replay as lists show it. */
export interface ReplayState extends Pick<ReplaySummary, 'id' | 'group' | 'phase' | 'sent' | 'reason'> {
  /** In words: `all`, `from 1200`, `users/<id>`. */
  readonly scope: string
  readonly requestedBy: string
  /** ISO 8601. */
  readonly acceptedAt: string
  readonly finishedAt: string | undefined
  readonly error: string | undefined
}

/** Those that are not over, and the last few that are. */
export async function readReplayStates(sql: SQL, finished = 4): Promise<ReplayState[]> {
  const found = await listReplays(sql, { finished })
  return found.map(({ id, group, phase, sent, reason, ...rest }) => ({
    id,
    group,
    scope: scopeText(rest),
    phase,
    sent,
    reason,
    requestedBy: rest.requested_by,
    acceptedAt: rest.accepted_at,
    finishedAt: rest.finished_at ?? undefined,
    error: rest.error ?? undefined,
  }))
}

function scopeText({ aggregate, scope }: Pick<ReplaySummary, 'aggregate' | 'scope'>): string {
  switch (scope.kind) {
    case 'all':
      return 'all'
    case 'from':
      return `from ${scope.seq}`
    case 'aggregate':
      return `${aggregate}/${scope.id}`
    default:
      return scope satisfies never
  }
}

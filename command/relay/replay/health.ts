import type { Check } from '../../../shared/process/health.ts'
import type { RelayStatus } from '../status.ts'

/** A replay that cannot go on for a while; that the group lacks events is the group's own alarm. */
export function replaysCheck({ replays }: RelayStatus): Check {
  const open = replays.reduce((sum, { requests }) => sum + requests, 0)
  const held = replays.find(
    ({ reason, sinceMs }) => reason !== undefined && performance.now() - (sinceMs ?? 0) > heldUpAlarmMs,
  )
  if (!held) return { name: 'replays', state: 'ok', open }
  const { id, group, phase, reason } = held
  return {
    name: 'replays',
    state: 'degraded',
    reason: `the replay for ${group} waits: ${reason}`,
    open,
    id,
    phase,
  }
}

const heldUpAlarmMs = 5_000

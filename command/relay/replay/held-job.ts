import { backoffMs } from '../../../shared/process/backoff.ts'
import type { Logger } from '../../../shared/process/log.ts'
import { sqlState } from '../../commit/database-errors.ts'
import { describeTrouble } from '../database-trouble.ts'
import type { ReplayView } from '../status.ts'
import { groupReplays } from './groups.ts'
import { Job, type JobOptions } from './job.ts'
import { ReplayError, type ReplayTerm, type Wait } from './sender.ts'
import type { OpenReplay } from './store.ts'

/** A job with what holds it up, if anything. */
export class HeldJob {
  isOver = false
  /** `performance.now()`: not to be stepped before. */
  readyAtMs = 0
  private hindrance: { readonly reason: string; readonly sinceMs: number } | undefined
  private missingSinceMs: number | undefined
  private failures = 0

  constructor(
    readonly job: Job,
    private readonly log: Logger,
  ) {}

  get view(): ReplayView {
    const { reason, sinceMs } = this.hindrance ?? {}
    return { ...this.job.progress, reason, sinceMs }
  }

  /** One step; never rejects. */
  async step(term: ReplayTerm): Promise<void> {
    try {
      const step = await this.job.step(term)
      this.failures = 0
      switch (step.kind) {
        case 'more':
          return this.goesOn()
        case 'over':
          this.isOver = true
          return
        case 'wait':
          return await this.wait(step, term)
        default:
          step satisfies never
      }
    } catch (error) {
      await this.failed(error, term)
    }
  }

  private goesOn(): void {
    this.hindrance = undefined
    this.missingSinceMs = undefined
  }

  private async wait({ reason, ms, isMissing }: Wait, term: ReplayTerm): Promise<void> {
    const nowMs = performance.now()
    this.holdUp(reason, ms)
    this.missingSinceMs = isMissing ? (this.missingSinceMs ?? nowMs) : undefined
    if (this.missingSinceMs === undefined || nowMs - this.missingSinceMs < missingMaxMs) return
    await this.job.finish(
      term,
      `${reason} for ${missingMaxMs / 60_000} minutes: ask again when the group is back`,
    )
    this.isOver = true
  }

  private async failed(error: unknown, term: ReplayTerm): Promise<void> {
    const failure = endOf(error)
    const nextMs = backoffMs(this.failures++, { baseMs: 100, maxMs: 2_000 }, Math.random())
    this.holdUp(failure ?? describeTrouble(error), nextMs)
    this.log.warn('a replay is held up', { ...this.view, error, next_ms: nextMs })
    if (failure === undefined) return
    // Tried again like a step: what fails for good fails again.
    this.isOver = await this.job.finish(term, failure).then(
      () => true,
      () => false,
    )
  }

  private holdUp(reason: string, ms: number): void {
    const nowMs = performance.now()
    this.readyAtMs = nowMs + ms
    this.hindrance = { reason, sinceMs: this.hindrance?.sinceMs ?? nowMs }
  }
}

/** Those that go on, and new ones for what is open beside them; what has not begun is put together anew. */
export function heldJobs(
  before: readonly HeldJob[],
  open: readonly OpenReplay[],
  options: JobOptions,
): HeldJob[] {
  const openIds = new Set(open.map(({ id }) => id))
  const begun = before.filter(({ job }) => job.hasBegun && job.ids.some((id) => openIds.has(id)))
  const served = new Set(begun.flatMap(({ job }) => job.ids))
  const groups = groupReplays(open.filter(({ id }) => !served.has(id)))
  const waiting = groups.map((group) => {
    const ids = group.members.map(({ id }) => id).join()
    const known = before.find(({ job }) => !job.hasBegun && job.ids.join() === ids)
    return known ?? new HeldJob(new Job(group, options), options.log)
  })
  return [...begun, ...waiting]
}

/** Why a step can never succeed, undefined when time may heal it. 22xxx: an id that is none of this aggregate's. */
function endOf(error: unknown): string | undefined {
  if (error instanceof ReplayError) return error.message
  const state = sqlState(error)
  return state?.startsWith('22') ? `the request does not fit the table (${state})` : undefined
}

/** A group whose queue is gone for good must not hold the log for ever. */
const missingMaxMs = 3_600_000

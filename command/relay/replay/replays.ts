import { unlessAborted } from '../../../shared/process/abort.ts'
import { delay, retryUntil } from '../../../shared/process/backoff.ts'
import { AmqpPublisher } from '../amqp-publisher.ts'
import { describeTrouble } from '../database-trouble.ts'
import { Doorbell } from '../doorbell.ts'
import type { Lease } from '../lease.ts'
import { mayPublish, type RelayStatus } from '../status.ts'
import { heldJobs, type HeldJob } from './held-job.ts'
import type { JobOptions } from './job.ts'
import { takeRequests, type RequestsOptions } from './requests.ts'
import type { ReplayTerm } from './sender.ts'

export interface ReplaysOptions extends Omit<RequestsOptions, 'onStored'>, JobOptions {
  readonly status: RelayStatus
  readonly confirmTimeoutMs: number
}

/** What the relay does beside publishing while it leads. Never rejects; resolves soon after `signal` is aborted. */
export interface BesideLeading {
  run(lease: Lease, signal: AbortSignal): Promise<void>
}

/**
 * Serves replays during a term, one at a time, the oldest first that can go on: one that waits for a queue holds up
 * no other. On connections of its own, to broker and database, and at the pace of the group's consumers, so that live
 * events lose little.
 */
export class Replays implements BesideLeading {
  private readonly bell = new Doorbell()

  constructor(private readonly options: ReplaysOptions) {}

  async run(lease: Lease, signal: AbortSignal): Promise<void> {
    const requests = takeRequests({ ...this.options, onStored: () => this.bell.ring() }, signal)
    await Promise.all([requests, this.serve(lease, signal)])
    this.options.status.replays = []
  }

  private async serve(lease: Lease, signal: AbortSignal): Promise<void> {
    const { bell, options } = this
    let jobs: readonly HeldJob[] = []
    let publisher: AmqpPublisher | undefined
    while (!signal.aborted) {
      bell.hush()
      const open = await this.open(signal)
      if (!open) break
      jobs = heldJobs(jobs, open, options)
      options.status.replays = jobs.map(({ view }) => view)
      if (jobs.length > 0) {
        if (!publisher) (publisher = this.newPublisher()).start()
        jobs = await this.work(jobs, { lease, publisher, signal })
      } else {
        // A connection only while there is something to send.
        await publisher?.stop()
        publisher = undefined
        await bell.nap(idlePollMs, signal)
      }
    }
    await publisher?.stop()
  }

  /** Steps jobs until it is time to look for new ones. @returns those that are not over */
  private async work(jobs: readonly HeldJob[], term: ReplayTerm): Promise<readonly HeldJob[]> {
    const { status } = this.options
    const { lease, signal } = term
    const untilMs = performance.now() + lookEveryMs
    while (!signal.aborted && jobs.length > 0 && performance.now() < untilMs) {
      const ready = jobs.find(({ readyAtMs }) => readyAtMs <= performance.now())
      if (ready && lease.isHeld && mayPublish(status)) await this.step(ready, term)
      else await delay(napMs, signal)
      jobs = jobs.filter(({ isOver }) => !isOver)
      status.replays = jobs.map(({ view }) => view)
    }
    return jobs
  }

  /** Rests after it where live events are behind, so that they get most of broker and processor. */
  private async step(job: HeldJob, term: ReplayTerm): Promise<void> {
    const startedAtMs = performance.now()
    await unlessAborted(job.step(term), term.signal)
    if (!this.options.status.isBehind) return
    await delay(restFactor * (performance.now() - startedAtMs), term.signal)
  }

  private open(signal: AbortSignal) {
    const { store, log } = this.options
    return retryUntil(() => store.open(), {
      baseMs: 100,
      maxMs: 2_000,
      signal,
      onFailure: (error) => log.debug('cannot look for replays', { reason: describeTrouble(error), error }),
    })
  }

  private newPublisher(): AmqpPublisher {
    return new AmqpPublisher({ ...this.options, name: 'relay replays' })
  }
}

/** The bell usually ends it; without it a request of a former relay's is found that late. */
const idlePollMs = 2_000
const lookEveryMs = 1_000
/** A replay works for a fifth of the time while live events are behind. */
const restFactor = 4
const napMs = 20

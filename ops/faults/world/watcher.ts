import { readFileSync } from 'node:fs'
import { delay } from '../../../shared/process/backoff.ts'
import { nowMs } from '../clock.ts'
import type { Look } from '../history.ts'
import type { Replica } from './replica.ts'

const INTERVAL_MS = 400
/** Above the longest time-out of a probe, which is an answer too. */
const PATIENCE_MS = 5_000

/** Looks at every process from outside, as a balancer, an alarm and an operator would. */
export class Watcher {
  readonly looks: Look[] = []
  private readonly over = new AbortController()
  private running: Promise<unknown> = Promise.resolve()

  start(replicas: readonly Replica[]): void {
    this.running = Promise.all(replicas.map((replica) => this.follow(replica)))
  }

  async stop(): Promise<void> {
    this.over.abort()
    await this.running
  }

  private async follow(replica: Replica): Promise<void> {
    while (!this.over.signal.aborted) {
      if (replica.isRunning) this.looks.push(await look(replica))
      await delay(INTERVAL_MS, this.over.signal)
    }
  }
}

async function look(replica: Replica): Promise<Look> {
  const atMs = nowMs()
  const [ready, pipeline] = await Promise.all([
    ask(`${replica.url}/health/ready`),
    ask(`${replica.url}/health/pipeline`),
  ])
  const checks = new Map(pipeline.checks.map((check) => [check.name, check]))
  return {
    atMs,
    process: replica.lifeName,
    ready: ready.status,
    pipeline: pipeline.status,
    residentMb: residentMb(replica.pid),
    backlogEvents: checks.get('backlog')?.events,
    lagSeconds: checks.get('lag')?.seconds,
  }
}

interface CheckFigures {
  readonly name: string
  readonly events?: number
  readonly seconds?: number
}

async function ask(url: string): Promise<{ status: number; checks: readonly CheckFigures[] }> {
  try {
    const answer = await fetch(url, { keepalive: false, signal: AbortSignal.timeout(PATIENCE_MS) })
    const { checks = [] } = (await answer.json()) as { checks?: CheckFigures[] }
    return { status: answer.status, checks }
  } catch {
    return { status: 0, checks: [] }
  }
}

/** What a process holds of the machine's memory. */
export function residentMb(pid: number | undefined): number | undefined {
  try {
    const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1])
    return (pages * 4_096) / 1_048_576
  } catch {
    return undefined
  }
}

import { delay } from './backoff.ts'
import type { Logger } from './log.ts'

/**
 * The one contract of everything that runs. `start` returns as soon as the thing runs or is trying to: a missing
 * dependency is waited for in the background, reported in health, and never a reason to reject. `stop` resolves only
 * when drained, and tolerates never-started and twice.
 */
export interface Runnable {
  readonly name: string
  start(): Promise<void> | void
  stop(): Promise<void>
}

export interface ProcessOptions {
  readonly log: Logger
  /** Started in this order, stopped in the reverse order. */
  readonly parts: readonly Runnable[]
  /** Turns readiness red before anything is stopped, so that a load balancer looks elsewhere. */
  readonly onStopping: () => void
  /** Goes on for so long with readiness red, until the balancer in front has noticed: no request meets a closed port. */
  readonly stopDelayMs?: number
  /** After this the process ends without waiting any longer. */
  readonly stopTimeoutMs?: number
}

/** Starts the parts and stops them at SIGTERM or SIGINT; a stray rejection is logged, never the end of the process. */
export async function runProcess(options: ProcessOptions): Promise<void> {
  const { log, parts } = options
  let stopping: Promise<void> | undefined
  process.on('unhandledRejection', (error) => log.error('unhandled rejection', { error }))
  process.on('uncaughtException', (error) => log.error('uncaught exception', { error }))
  const onSignal = (signal: string) => {
    stopping ??= stopAll(signal)
  }
  process.on('SIGTERM', () => onSignal('SIGTERM'))
  process.on('SIGINT', () => onSignal('SIGINT'))

  for (const part of parts) {
    if (stopping) break
    await part.start()
  }
  if (!stopping) log.info('started', { pid: process.pid })

  async function stopAll(signal: string): Promise<void> {
    log.info('stopping', { signal })
    options.onStopping()
    if (options.stopDelayMs) await delay(options.stopDelayMs)
    const limit = setTimeout(() => {
      log.error('stop took too long: leaving', { limit_ms: options.stopTimeoutMs ?? 10_000 })
      process.exit(1)
    }, options.stopTimeoutMs ?? 10_000)
    for (const part of parts.toReversed()) {
      await part
        .stop()
        .catch((error: unknown) => log.error('part did not stop cleanly', { part: part.name, error }))
    }
    clearTimeout(limit)
    log.info('stopped')
    process.exit(0)
  }
}

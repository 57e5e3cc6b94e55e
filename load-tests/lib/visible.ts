import exec from 'k6/execution'
import { Trend } from 'k6/metrics'
import { createUser, readWritten, replaceUser, type User } from './api.ts'
import { pickByZipf } from './zipf.ts'

const sinceRequest = new Trend('visible_since_request', true)
const sinceAnswer = new Trend('visible_since_answer', true)

/**
 * One write, and then a read by its token. Until that is answered counts, as a client sees it: from sending the write,
 * and from its answer, so with one read's own way there and back.
 */
export function writeUntilVisible(users: readonly User[], isCounted = true): void {
  const requestedMs = nowMs()
  const written = Math.random() < 0.5 ? createUser() : replaceUser(pickByZipf(users))
  const answeredMs = nowMs()
  if (!written || !readWritten(written) || !isCounted) return
  const visibleMs = nowMs()
  sinceRequest.add(visibleMs - requestedMs)
  sinceAnswer.add(visibleMs - answeredMs)
}

/** Finer than `Date.now()`, which knows whole milliseconds. */
const nowMs = () => exec.instance.currentTestRunDuration

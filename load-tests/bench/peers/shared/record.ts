import { openSync, writeSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { eventId, type UserEvent } from './event.ts'

export type Fate = 'confirmed' | 'unknown'
type Point = 'before-publish' | 'after-publish' | 'after-confirm'

const file = process.env.FAULTS_RECORD_FILE
const output = file === undefined ? undefined : openSync(file, 'a')
const point = process.env.FAULTS_POINT
const FLUSH_MS = 5
let isArmed = false
let calls = 0
process.on('SIGUSR2', () => (isArmed = true))

/**
 * Keeps the harness's record around one publish: a line before it and one after it, written at once. Once armed by
 * SIGUSR2 the process kills itself when it comes to its point.
 * @param send writes the message out, and resolves when as much is known as ever will be
 */
export async function recorded(event: UserEvent, send: () => Promise<Fate>): Promise<Fate> {
  dieAt('before-publish')
  const call = ++calls
  write({ call, term: 0, atMs: performance.timeOrigin + performance.now(), ids: [eventId(event)] })
  const sent = send().catch((error: unknown) => error as Error)
  if (isArmed) {
    // By then the kernel has every byte of it.
    await delay(FLUSH_MS)
    dieAt('after-publish')
  }
  const fate = await sent
  write({ call, fates: [fate instanceof Error ? 'unknown' : fate] })
  if (fate instanceof Error) throw fate
  dieAt('after-confirm')
  return fate
}

function write(line: object): void {
  if (output !== undefined) writeSync(output, `${JSON.stringify(line)}\n`)
}

function dieAt(here: Point): void {
  if (isArmed && point === here) process.kill(process.pid, 'SIGKILL')
}

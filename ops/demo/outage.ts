import { aborted } from '../interruption.ts'
import { liveFigures, statusLine } from '../live-figures.ts'
import type { Progress } from '../stack/progress.ts'
import type { LocalSystem } from '../system.ts'
import { Writers } from './writers.ts'

export interface Demo {
  system: LocalSystem
  durationS: number
  progress: Progress
  signal: AbortSignal
}

const WRITES_PER_SECOND = 200
const REFRESH_MS = 1_000

/** Writes all the time; the broker is killed after a third of it and started again after little more than half. */
export async function outage({ system, durationS, progress, signal }: Demo) {
  const writers = new Writers(system.urls, WRITES_PER_SECOND)
  const broker = system.stack.servers.rabbitmq
  const startedAtMs = performance.now()
  const at = (part: number) => pause(startedAtMs + part * durationS * 1_000 - performance.now(), signal)
  const tell = (text: string) =>
    progress.line(` ! ${((performance.now() - startedAtMs) / 1_000).toFixed(1).padStart(5)} s  ${text}`)

  const over = new AbortController()
  let brokerIs = 'up'
  const showing = show(() => brokerIs, { system, progress }, over.signal)
  writers.start()
  try {
    await at(1 / 3)
    broker.signal('SIGKILL')
    brokerIs = 'killed'
    const before = writers.acknowledged
    tell(`the broker is killed; ${before} writes acknowledged so far`)
    await at(0.55)
    tell('the broker is started again')
    brokerIs = 'starting'
    await broker.start()
    brokerIs = 'back'
    const duringOutage = writers.acknowledged - before
    tell(`the broker is back; ${duringOutage} writes were acknowledged without it`)
    await at(1)
    return { writers, duringOutage }
  } finally {
    await writers.stop()
    over.abort()
    await showing
    progress.status('')
  }
}

/** The live line of `npm start`, and how the broker is. */
async function show(
  broker: () => string,
  { system, progress }: Pick<Demo, 'system' | 'progress'>,
  signal: AbortSignal,
): Promise<void> {
  const figures = liveFigures(system.urls)
  const ended = aborted(signal)
  await figures()
  for (;;) {
    await Promise.race([Bun.sleep(REFRESH_MS), ended])
    if (signal.aborted) return
    progress.status(`${statusLine(await figures())}   broker ${broker()}`)
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await Promise.race([Bun.sleep(Math.max(0, ms)), aborted(signal)])
  signal.throwIfAborted()
}

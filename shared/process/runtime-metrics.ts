import { readdirSync, readFileSync } from 'node:fs'
import packageJson from '../../package.json'
import { counter, gauge, histogram, type Metrics } from './metrics.ts'

/**
 * What a process tells of itself. The client library's own set reads what Bun does not have: heap spaces and handles
 * are 0 there, and the heap's size is that of the address space.
 */
export function runtimeMetrics(metrics: Metrics): void {
  gauge(metrics, 'build_info', 'Always 1: version of the program and of the runtime.', [
    'version',
    'runtime',
  ]).set({ version: packageJson.version, runtime: runtimeVersion() }, 1)
  cpu(metrics)
  gauge(
    metrics,
    'process_start_time_seconds',
    'When the process started, in seconds since the Unix epoch.',
  ).set(Date.now() / 1000 - process.uptime())
  gauge(metrics, 'process_resident_memory_bytes', 'Memory of the process that is in RAM.', [], (made) =>
    made.set(process.memoryUsage.rss()),
  )
  if (process.platform === 'linux') descriptors(metrics)
  eventLoopLag(metrics)
}

function cpu(metrics: Metrics): void {
  let before = { user: 0, system: 0 }
  counter(
    metrics,
    'process_cpu_seconds_total',
    'CPU time of the process, user and system together.',
    [],
    (total) => {
      const now = process.cpuUsage()
      total.inc(Math.max(0, now.user - before.user + now.system - before.system) / 1e6)
      before = now
    },
  )
}

function descriptors(metrics: Metrics): void {
  gauge(metrics, 'process_open_fds', 'Open file descriptors, sockets among them.', [], (made) =>
    made.set(readdirSync('/proc/self/fd').length),
  )
  const limit = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  if (limit) gauge(metrics, 'process_max_fds', 'Most file descriptors it may open.').set(Number(limit))
}

/** A timer that is late was kept waiting by what ran meanwhile; so was everything else. */
function eventLoopLag(metrics: Metrics): void {
  const lag = histogram(
    metrics,
    'event_loop_lag_seconds',
    `How late a timer is that is due every ${lagIntervalMs} ms: so long other work kept the event loop.`,
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  )
  let dueMs = performance.now() + lagIntervalMs
  setInterval(() => {
    const nowMs = performance.now()
    lag.observe(Math.max(0, nowMs - dueMs) / 1000)
    dueMs = nowMs + lagIntervalMs
  }, lagIntervalMs).unref()
}

const lagIntervalMs = 100

const runtimeVersion = () =>
  process.versions['bun'] ? `bun ${process.versions['bun']}` : `node ${process.versions.node}`

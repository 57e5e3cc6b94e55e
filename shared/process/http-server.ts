import type { AnyElysia } from 'elysia'
import { bodyBytesMaxDefault } from '../http/body.ts'
import { HttpProblem } from '../http/problem.ts'
import type { Logger } from './log.ts'
import type { Runnable } from './lifecycle.ts'
import { delay, withTimeout } from './backoff.ts'

export interface HttpServerOptions {
  readonly app: AnyElysia
  readonly hostname: string
  /** 0 takes a free one. */
  readonly port: number
  readonly log: Logger
  /** Larger bodies are cut off by the server itself; the app's own limit, which answers 413, is below. */
  readonly bodyBytesMax?: number
}

const lastResort = new HttpProblem('internal')

/** Serves an app. `stop` lets the requests in flight end and refuses new connections. */
export function httpServer(options: HttpServerOptions): Runnable & { readonly port: number } {
  const { app, hostname, port, log } = options
  let started = false
  return {
    name: 'http',
    get port() {
      return app.server?.port ?? port
    },
    start() {
      // reusePort would let a second process share the port silently.
      app.listen({
        hostname,
        port,
        reusePort: false,
        idleTimeout: 30,
        // Else Bun shows an error that nobody caught as a page, with its stack and source.
        development: false,
        error: () =>
          Response.json(lastResort.body(undefined), {
            status: lastResort.status,
            headers: lastResort.headers(),
          }),
        maxRequestBodySize: (options.bodyBytesMax ?? bodyBytesMaxDefault) + 1_048_576,
      })
      started = true
      log.info('listening', { port: app.server?.port })
    },
    async stop() {
      if (!started) return
      started = false
      // Keep-alive connections without a request would hold a graceful stop; after a grace they are cut.
      await Promise.race([Promise.resolve(app.stop()), delay(4_000)])
      // Once stopped it has no server, and a second stop would print plain text among the log's lines.
      if (!app.server) return
      await withTimeout(Promise.resolve(app.stop(true)), 1_000, 'closing connections').catch(() => {})
    },
  }
}

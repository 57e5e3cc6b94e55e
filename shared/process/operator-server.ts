import type { AnyElysia } from 'elysia'
import type { Logger } from './log.ts'
import type { Runnable } from './lifecycle.ts'
import { text, type Setting } from './settings.ts'

/** @param of the process, in words */
export function operatorPort(of: string): Setting<string> {
  return text({
    doc: `Port for the pages, documentation, metrics and pipeline health of ${of}, which are then not on its other port. Empty: with everything else; off: nowhere.`,
    pattern: /^(off|[1-9]\d{0,4}|0)$/,
    accepts: 'a port, off, or nothing',
    default: '',
  })
}

export interface OperatorRoutes {
  /** For `AccessOptions`; absent where they are served with everything else. */
  readonly access: { readonly operatorRequests?: WeakSet<Request> }
  /** What serves them elsewhere. */
  server(app: AnyElysia): readonly (Runnable & { readonly port: number })[]
}

/** Where the routes for operators are served, as the setting has it. */
export function operatorRoutes(setting: string, hostname: string, log: Logger): OperatorRoutes {
  if (setting === '') return { access: {}, server: () => [] }
  const operatorRequests = new WeakSet<Request>()
  const access = { operatorRequests }
  if (setting === 'off') return { access, server: () => [] }
  return {
    access,
    server(app) {
      let server: Bun.Server<undefined> | undefined
      return [
        {
          name: 'operators',
          get port() {
            return server?.port ?? Number(setting)
          },
          start() {
            server = Bun.serve({
              hostname,
              port: Number(setting),
              fetch(request) {
                operatorRequests.add(request)
                return app.handle(request)
              },
            })
            log.info('listening for operators', { port: server.port })
          },
          async stop() {
            await server?.stop(true)
            server = undefined
          },
        },
      ]
    },
  }
}

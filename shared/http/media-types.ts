/** A route that offers more than JSON lists its media types in its `detail`, under this name; the usual one first. */
export const producesKey = 'x-produces'

export type MediaTypes = readonly [string, ...string[]]

interface Route {
  readonly path: string
  readonly hooks?: unknown
}

/** Of a list of documents: pages, or the whole of it a line each. */
export const listMediaTypes = ['application/json', 'application/x-ndjson'] as const

const jsonOnly: MediaTypes = ['application/json']

/** @param routes of the whole app, asked for once, at the first request. @returns by the route's pattern */
export function mediaTypes(routes: () => readonly Route[]): (path: string) => MediaTypes {
  let known: ReadonlyMap<string, MediaTypes> | undefined
  return (path) => (known ??= declared(routes())).get(path) ?? jsonOnly
}

const declared = (routes: readonly Route[]) =>
  new Map(
    routes.flatMap(({ path, hooks }): [string, MediaTypes][] => {
      const { detail } = (hooks ?? {}) as { detail?: Record<string, unknown> }
      const types = detail?.[producesKey]
      return Array.isArray(types) ? [[path, types as unknown as MediaTypes]] : []
    }),
  )

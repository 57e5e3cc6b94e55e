import { Elysia } from 'elysia'
import { gzipped } from './compressed.ts'
import { matchesNone } from './entity-tags.ts'
import { HttpProblem } from './problem.ts'
import { acceptsGzip } from './weighted.ts'

/** A file that the pages need, handed in so that the app stays web-standard. */
export interface Asset {
  /** The last part of its path, `/assets/<name>`. */
  readonly name: string
  readonly mediaType: string
  /** Called once, at the first request. */
  read(): Promise<Uint8Array<ArrayBuffer>>
}

/**
 * `/assets/:name`. Each answer may be kept and has to be asked about (`no-cache`, 304): a page and its scripts always
 * come from the same version of the service.
 */
export function assetRoutes(assets: readonly Asset[]) {
  const known = new Map(assets.map((asset) => [asset.name, once(() => load(asset))]))
  return new Elysia({ name: 'assets' }).get(
    '/assets/:name',
    async ({ params, request, set }) => {
      const asset = await known.get(params.name)?.()
      if (!asset) throw new HttpProblem('not-found')
      Object.assign(set.headers, {
        'content-type': asset.mediaType,
        'cache-control': 'no-cache',
        'x-content-type-options': 'nosniff',
        etag: asset.etag,
        vary: 'Accept-Encoding, Origin',
      })
      const has = request.headers.get('if-none-match')
      if (has !== null && matchesNone(has, asset.etag)) {
        set.status = 304
        return
      }
      if (!acceptsGzip(request.headers.get('accept-encoding'))) return new Response(asset.plain)
      set.headers['content-encoding'] = 'gzip'
      return new Response(asset.gzip)
    },
    { detail: { hide: true } },
  )
}

interface Loaded {
  readonly mediaType: string
  /** Weak: the same for both encodings. */
  readonly etag: string
  readonly plain: Uint8Array<ArrayBuffer>
  readonly gzip: Uint8Array<ArrayBuffer>
}

async function load({ mediaType, read }: Asset): Promise<Loaded> {
  const plain = await read()
  const [hash, gzip] = await Promise.all([crypto.subtle.digest('SHA-256', plain), gzipped(plain)])
  const hex = [...new Uint8Array(hash, 0, 12)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
  return { mediaType, etag: `W/"${hex}"`, plain, gzip }
}

/** Keeps what `make` gave, but not its failure. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () =>
    (made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    }))
}

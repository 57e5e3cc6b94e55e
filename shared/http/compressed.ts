import { acceptsGzip } from './weighted.ts'

/** Below this gzip saves less than it costs. */
const gzipFromBytes = 1_024

/** A value that came out of the store's own documents: as a Response, which no schema is held against once more. */
export const plainJson = (value: unknown): Response =>
  new Response(JSON.stringify(value), { headers: jsonHeaders })

const jsonHeaders = { 'content-type': 'application/json;charset=utf-8' }

/**
 * An answer of JSON, compressed where it is large and `Accept-Encoding` likes that: for answers without a strong
 * `ETag`, which would have to differ between the two.
 */
export async function jsonAnswer(request: Request, value: unknown): Promise<Response> {
  const text = JSON.stringify(value)
  if (text.length < gzipFromBytes || !acceptsGzip(request.headers.get('accept-encoding')))
    return new Response(text, { headers: jsonHeaders })
  const headers = { ...jsonHeaders, 'content-encoding': 'gzip' }
  return new Response(await gzipped(text), { headers })
}

export async function gzipped(content: string | Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([content]).stream().pipeThrough(new CompressionStream('gzip'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

import { listMediaTypes } from '../shared/http/media-types.ts'
import type { Stored } from './reads.ts'

export const [, ndjsonType] = listMediaTypes

/** Behind how many documents the store is asked again. */
export const streamPageSize = 500

export interface StreamOptions<Document> {
  /** Read before the answer begins, so that a store that is away can still be told of by a status. */
  readonly first: readonly Stored<Document>[]
  /** The documents behind this one, at most `streamPageSize`; none, or fewer, at the end. */
  readonly next: (last: Stored<Document>) => Promise<readonly Stored<Document>[]>
  readonly show: (document: Stored<Document>) => unknown
  /** Most lines. */
  readonly limit: number
}

/**
 * A whole list as one JSON document a line, in constant memory: a page is read when the client has taken the one before
 * it. No cursor of the store stays open meanwhile, so a reader may take as long as he likes. A failure in the middle
 * cuts the connection before the end that HTTP has for a body: what was read until then is not the whole.
 */
export function ndjsonAnswer<Document>(options: StreamOptions<Document>): Response {
  const { next, show, limit } = options
  let page: readonly Stored<Document>[] | undefined = options.first
  let last: Stored<Document> | undefined
  let left = limit
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        page ??= await next(last!)
        const lines = page.slice(0, left)
        left -= lines.length
        if (lines.length > 0) controller.enqueue(encoded(lines.map(show)))
        if (left === 0 || page.length < streamPageSize) return controller.close()
        last = page.at(-1)
        page = undefined
      },
    },
    // Nothing is read ahead.
    { highWaterMark: 0 },
  )
  return new Response(body, { headers: { 'content-type': ndjsonType } })
}

const utf8 = new TextEncoder()
const encoded = (values: readonly unknown[]) =>
  utf8.encode(values.map((value) => `${JSON.stringify(value)}\n`).join(''))

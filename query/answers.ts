import type { Static, TObject, TProperties, TSchema } from '@sinclair/typebox'
import { t } from 'elysia'
import { jsonAnswer, plainJson } from '../shared/http/compressed.ts'
import { versionTag } from '../shared/http/entity-tags.ts'
import { listMediaTypes } from '../shared/http/media-types.ts'
import { HttpProblem } from '../shared/http/problem.ts'
import { negotiated } from '../shared/http/weighted.ts'
import type { Listing } from './listing.ts'
import { nextPageUrl } from './paging.ts'
import type { RouteOptions } from './projector/read-model.ts'
import { isKnown, pageTag, setReadHeaders, type Exchange } from './read-headers.ts'
import { ndjsonAnswer, ndjsonType, streamPageSize } from './stream.ts'
import { fields, type Stored } from './reads.ts'
import type { ServedReads } from './served-reads.ts'
import { hasToken, whenFresh, type Freshness } from './waiting/freshness.ts'

/**
 * The one way from a read model's documents to answers: a route gives the request and gets the body. What is shown
 * are the properties of `body`, `id` and `version` being the machinery's.
 */
export function answersOf<Document, Properties extends TProperties, Query extends TSchema>(
  reads: ServedReads<Document>,
  options: RouteOptions,
  resource: Pick<Freshness, 'documentIdOf'> & {
    readonly body: TObject<Properties>
    readonly listing: Listing<Query>
    /** A document as the body has it, where that is not its fields of the same names and its id. */
    readonly show?: (stored: Stored<Document>) => Static<TObject<Properties>>
    /** Changes with what is shown of a document, where the version alone does not tell. */
    readonly revisionOf?: (stored: Stored<Document>) => string
  },
) {
  const { body, listing, documentIdOf, show = toBody, revisionOf } = resource
  const freshness = { untilApplied: reads.untilApplied, documentIdOf }
  const names = Object.keys(body.properties).filter((name) => name !== 'id' && name !== 'version')
  const alone = fields(...names)
  const inList = fields(...names, ...listing.fields)
  type Body = Static<TObject<Properties>>

  function toBody(stored: Stored<Document>): Body {
    const found: Record<string, unknown> = { id: stored._id, version: stored.version }
    for (const name of names) found[name] = stored[name as keyof Document]
    return found as Body
  }

  async function stream(query: Static<Query>, { request: { url }, set }: Exchange): Promise<Response> {
    // Nobody in between is to keep so much.
    set.headers['cache-control'] = 'no-store'
    // Of the query string itself: the schema's default is for pages.
    const limit = Number(new URL(url).searchParams.get('limit') ?? Number.POSITIVE_INFINITY)
    const request = { ...listing.pageRequest(query, inList), limit: streamPageSize }
    return ndjsonAnswer({
      first: await reads.page(request),
      next: (last) => reads.page({ ...request, after: listing.positionOf(query, last) }),
      show,
      limit,
    })
  }

  return {
    /** 304 after a look at the version alone. @throws HttpProblem `not-found` */
    async one(givenId: string, exchange: Exchange): Promise<Body> {
      const id = givenId.toLowerCase()
      setReadHeaders(exchange, options)
      if (hasToken(exchange)) await whenFresh(exchange, options, { ...freshness, onlyOf: id })
      if (exchange.request.headers.has('if-none-match')) {
        const version = await reads.versionOf(id)
        if (version === undefined) throw unknown()
        if (isKnown(exchange, versionTag(version))) return nothing
      }
      const found = await reads.byId(id, alone)
      if (!found) throw unknown()
      exchange.set.headers['etag'] = versionTag(found.version)
      return plainJson(show(found)) as never
    },
    /**
     * A page, or where `Accept` prefers it the whole list as a stream. @throws HttpProblem `bad-cursor`
     * @param only of which aggregate the list is, where it is one's alone
     */
    async page(
      query: Static<Query>,
      exchange: Exchange,
      { onlyOf }: Pick<Freshness, 'onlyOf'> = {},
    ): Promise<PageBody<Body>> {
      const { request, set } = exchange
      setReadHeaders(exchange, options)
      if (hasToken(exchange)) await whenFresh(exchange, options, { ...freshness, onlyOf })
      if (negotiated(request.headers.get('accept'), listMediaTypes) === ndjsonType)
        return (await stream(query, exchange)) as never
      const found = await reads.page(listing.pageRequest(query, inList))
      if (isKnown(exchange, pageTag(found, revisionOf))) return nothing
      const { items, nextCursor } = listing.toPage(query, found)
      if (nextCursor !== null)
        set.headers['link'] = `<${nextPageUrl(request.url, options.publicUrl, nextCursor)}>; rel="next"`
      return (await jsonAnswer(request, { items: items.map(show), next_cursor: nextCursor })) as never
    },
  }
}

interface PageBody<Body> {
  items: Body[]
  next_cursor: string | null
}

const unknown = () => new HttpProblem('not-found', { detail: 'there is none with this id' })

/** Of a 304, whose type no route has to know of. */
const nothing = undefined as never

/** What a list is answered with. */
export const pageOf = <Item extends TSchema>(item: Item, title: string) =>
  t.Object(
    {
      items: t.Array(item),
      next_cursor: t.Union([t.String(), t.Null()], { description: 'null on the last page' }),
    },
    { title },
  )

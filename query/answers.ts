import type { Static, TObject, TProperties, TSchema } from '@sinclair/typebox'
import { t } from 'elysia'
import { jsonAnswer } from '../shared/http/compressed.ts'
import { versionTag } from '../shared/http/entity-tags.ts'
import { HttpProblem } from '../shared/http/problem.ts'
import type { Listing } from './listing.ts'
import { nextPageUrl } from './paging.ts'
import type { RouteOptions } from './projector/read-model.ts'
import { isKnown, pageTag, setReadHeaders, type Exchange } from './read-headers.ts'
import { fields, type Reads, type Stored } from './reads.ts'

/**
 * The one way from a read model's documents to answers: a route gives the request and gets the body. What is shown
 * are the properties of `body`, `id` and `version` being the machinery's.
 */
export function answersOf<Document, Properties extends TProperties, Query extends TSchema>(
  reads: Reads<Document>,
  options: RouteOptions,
  resource: {
    readonly body: TObject<Properties>
    readonly listing: Listing<Query>
    /** A document as the body has it, where that is not its fields of the same names and its id. */
    readonly show?: (stored: Stored<Document>) => Static<TObject<Properties>>
  },
) {
  const { body, listing, show = toBody } = resource
  const names = Object.keys(body.properties).filter((name) => name !== 'id' && name !== 'version')
  const alone = fields(...names)
  const inList = fields(...names, ...listing.fields)
  type Body = Static<TObject<Properties>>

  function toBody(stored: Stored<Document>): Body {
    const found: Record<string, unknown> = { id: stored._id, version: stored.version }
    for (const name of names) found[name] = stored[name as keyof Document]
    return found as Body
  }

  return {
    /** 304 after a look at the version alone. @throws HttpProblem `not-found` */
    async one(givenId: string, exchange: Exchange): Promise<Body> {
      const id = givenId.toLowerCase()
      setReadHeaders(exchange, options)
      if (exchange.request.headers.has('if-none-match')) {
        const version = await reads.versionOf(id)
        if (version === undefined) throw unknown()
        if (isKnown(exchange, versionTag(version))) return nothing
      }
      const found = await reads.byId(id, alone)
      if (!found) throw unknown()
      exchange.set.headers['etag'] = versionTag(found.version)
      return show(found)
    },
    async page(query: Static<Query>, exchange: Exchange): Promise<PageBody<Body>> {
      const { request, set } = exchange
      setReadHeaders(exchange, options)
      const found = await reads.page(listing.pageRequest(query, inList))
      if (isKnown(exchange, pageTag(found))) return nothing
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

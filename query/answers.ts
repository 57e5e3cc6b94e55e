import type { Static, TObject, TProperties, TSchema } from '@sinclair/typebox'
import { t, type Context } from 'elysia'
import { HttpProblem } from '../shared/http/problem.ts'
import type { Listing } from './listing.ts'
import { nextPageUrl } from './paging.ts'
import type { RouteOptions } from './projector/read-model.ts'
import { fields, type Reads, type Stored } from './reads.ts'

type Exchange = Pick<Context, 'request' | 'set'>

/**
 * The one way from a read model's documents to answers: a route gives the request and gets the body. What is shown
 * are the properties of `body`, `id` and `version` being the machinery's.
 */
export function answersOf<Document, Properties extends TProperties, Query extends TSchema>(
  reads: Reads<Document>,
  options: RouteOptions,
  resource: { readonly body: TObject<Properties>; readonly listing: Listing<Query> },
) {
  const { body, listing } = resource
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
    /** @throws HttpProblem `not-found` */
    async one(id: string, { set }: Exchange): Promise<Body> {
      const found = await reads.byId(id.toLowerCase(), alone)
      if (!found) throw new HttpProblem('not-found', { detail: 'there is none with this id' })
      set.headers['etag'] = `"${found.version}"`
      return toBody(found)
    },
    async page(query: Static<Query>, { request, set }: Exchange) {
      const found = await reads.page(listing.pageRequest(query, inList))
      const { items, nextCursor } = listing.toPage(query, found)
      if (nextCursor !== null)
        set.headers['link'] = `<${nextPageUrl(request.url, options.publicUrl, nextCursor)}>; rel="next"`
      return { items: items.map(toBody), next_cursor: nextCursor }
    },
  }
}

/** What a list is answered with. */
export const pageOf = <Item extends TSchema>(item: Item, title: string) =>
  t.Object(
    {
      items: t.Array(item),
      next_cursor: t.Union([t.String(), t.Null()], { description: 'null on the last page' }),
    },
    { title },
  )

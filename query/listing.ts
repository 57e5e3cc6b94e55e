import type { Static, TOptional, TSchema, TUnsafe } from '@sinclair/typebox'
import { t } from 'elysia'
import { printableText } from '../shared/events/fields.ts'
import { queryInteger } from '../shared/http/query-integer.ts'
import { decodeCursor, encodeCursor, type ListIdentity } from './paging.ts'
import type { Order, PageRequest, Position, Stored } from './reads.ts'

/** Of every list. @param of what is listed, in the plural */
export const pageParameters = (of: string) => ({
  limit: t.Optional(
    queryInteger({
      minimum: 1,
      maximum: 100,
      default: pageSizeDefault,
      description: `Most ${of} on the page`,
    }),
  ),
  cursor: t.Optional(
    t.String({
      minLength: 1,
      // A folded name can be eighteen times as long as the name was, and is in it.
      maxLength: 5_000,
      // For the document alone: another text is refused as a cursor of nobody, with 400 as any such.
      'x-pattern': '^[A-Za-z0-9_-]+$',
      description:
        '`next_cursor` of the page before; it belongs to the sort and the filters it was made with',
    }),
  ),
})

export interface ListingSpec<Sort extends string, Filters extends Readonly<Record<string, Filter>>> {
  /** What is listed, in the plural. */
  readonly of: string
  /**
   * Orders beside that of creation, each with the field of the document that it goes by: a text. A reader of several
   * pages may meet documents twice, or miss them, whose field changed meanwhile.
   */
  readonly sorts: Readonly<Record<Sort, string>>
  readonly sortNote?: string
  readonly filters: Filters
}

/** A query parameter, and the condition that it means to the store. */
export interface Filter {
  readonly schema: TSchema
  where(value: string): Readonly<Record<string, unknown>>
}

/** @param example in words: a form that came with all filters filled in would find nothing */
export const textFilter = (description: string, example: string, where: Filter['where']) => ({
  schema: {
    ...printableText(254),
    description: `${description}, for example \`${example}\``,
  },
  where,
})

/** A list in pages by keyset cursors: its query string, what the store is asked, and the page made of the answer. */
export interface Listing<Query extends TSchema = TSchema> {
  readonly query: Query
  /** What it needs of each document, beside what is shown. */
  readonly fields: readonly string[]
  /**
   * One document more than the page has, which tells whether there is another page.
   * @throws HttpProblem `bad-cursor`
   */
  pageRequest(query: Static<Query>, fields: PageRequest['fields']): PageRequest
  /** @param found what the store gave for `pageRequest` */
  toPage<Document>(
    query: Static<Query>,
    found: readonly Stored<Document>[],
  ): { items: Stored<Document>[]; nextCursor: string | null }
  /** Where the list goes on behind this document. */
  positionOf(query: Static<Query>, last: Stored<unknown>): Position
}

const pageSizeDefault = 20

export function listing<const Sort extends string, const Filters extends Readonly<Record<string, Filter>>>(
  spec: ListingSpec<Sort, Filters>,
) {
  // Ids are UUIDv7, so theirs is the order of creation: there a list shows each document once, whatever is written.
  const fieldOf: Readonly<Record<string, string>> = { created_at: '_id', ...spec.sorts }
  const names = Object.keys(fieldOf).flatMap((name) => [name, `-${name}`])
  const filterNames = Object.keys(spec.filters)

  const query = t.Object(
    {
      ...pageParameters(spec.of),
      sort: t.Optional(
        t.UnionEnum(names as [string], {
          default: 'created_at',
          example: '-created_at',
          description: ['The order; a minus sign turns it round.', spec.sortNote].filter(Boolean).join(' '),
          'x-error': `must be one of ${names.join(', ')}`,
        }) as unknown as TUnsafe<SortName<Sort>>,
      ),
      ...(Object.fromEntries(filterNames.map((name) => [name, t.Optional(spec.filters[name]!.schema)])) as {
        [Name in keyof Filters]: TOptional<TUnsafe<string>>
      }),
    },
    { additionalProperties: false },
  )

  const made: Listing = {
    query,
    fields: Object.values<string>(spec.sorts),
    pageRequest(given, fields) {
      const wanted = given as Asked
      const where = filterNames.flatMap((name) =>
        wanted[name] === undefined ? [] : [spec.filters[name]!.where(wanted[name])],
      )
      const after = wanted.cursor === undefined ? undefined : decodeCursor(identity(wanted), wanted.cursor)
      return { where, order: orderOf(wanted), after, limit: pageSize(wanted) + 1, fields }
    },
    toPage(given, found) {
      const wanted = given as Asked
      return pageOfFound(wanted, found, identity(wanted), (last) => positionOf(wanted, last))
    },
    positionOf: (given, last) => positionOf(given as Asked, last),
  }
  return made as Listing<typeof query>

  function positionOf(wanted: Asked, last: Stored<unknown>): Position {
    const { _id: id, [orderOf(wanted).field]: value } = last as Stored<Record<string, string>>
    return { value: value!, id }
  }

  function orderOf({ sort = 'created_at' }: Asked): Order {
    return sort.startsWith('-')
      ? { field: fieldOf[sort.slice(1)]!, direction: -1 }
      : { field: fieldOf[sort]!, direction: 1 }
  }

  function identity(wanted: Asked): ListIdentity {
    const { sort = 'created_at' } = wanted
    return { sort, filters: Object.fromEntries(filterNames.map((name) => [name, wanted[name]])) }
  }
}

/** @param positionOf of the last one that is shown */
export function pageOfFound<Document>(
  query: Parameters<typeof pageSize>[0],
  found: readonly Stored<Document>[],
  identity: ListIdentity,
  positionOf: (last: Stored<Document>) => Position,
) {
  const items = found.slice(0, pageSize(query))
  const last = items.at(-1)
  if (found.length <= items.length || last === undefined) return { items, nextCursor: null }
  return { items, nextCursor: encodeCursor(identity, positionOf(last)) }
}

type SortName<Sort extends string> = `${'' | '-'}${Sort | 'created_at'}`

/** A query string that was held against its schema. */
type Asked = Readonly<Record<string, string | undefined>> & { readonly limit?: string | undefined }

export const pageSize = ({ limit }: { readonly limit?: string | number | undefined }): number =>
  Number(limit ?? pageSizeDefault)

import type { Static } from '@sinclair/typebox'
import { t } from 'elysia'
import { decodeCursor, encodeCursor, type ListIdentity } from '../paging.ts'
import { queryInteger } from '../../shared/http/query-integer.ts'
import type { Order, PageRequest, Stored } from '../reads.ts'
import { foldEmail, foldName } from './folding.ts'
import type { UserDocument } from './document.ts'

/** `created_at` is the order of `_id`, since ids are UUIDv7: there a list shows each user once, whatever is written. */
const orders = {
  created_at: { field: '_id', direction: 1 },
  '-created_at': { field: '_id', direction: -1 },
  last_name: { field: 'last_name_key', direction: 1 },
  '-last_name': { field: 'last_name_key', direction: -1 },
} as const satisfies Record<string, Order>

const pageSizeDefault = 20
/** The example is in words: a form that came with all filters filled in would find nobody. */
const text = (description: string, example: string) =>
  t.Optional(
    t.String({ minLength: 1, maxLength: 254, description: `${description}, for example \`${example}\`` }),
  )

export const listQuery = t.Object(
  {
    limit: t.Optional(
      queryInteger({
        minimum: 1,
        maximum: 100,
        default: pageSizeDefault,
        description: 'Most users on the page',
      }),
    ),
    cursor: t.Optional(
      t.String({
        minLength: 1,
        maxLength: 2_000,
        description:
          '`next_cursor` of the page before; it belongs to the sort and the filters it was made with',
      }),
    ),
    sort: t.Optional(
      t.UnionEnum(['created_at', '-created_at', 'last_name', '-last_name'], {
        default: 'created_at',
        example: '-created_at',
        description: 'The order; a minus sign turns it round. Names are compared without case and accents.',
        'x-error': 'must be one of created_at, -created_at, last_name, -last_name',
      }),
    ),
    email: text('Exactly this e-mail, ignoring case', 'zoe@example.com'),
    last_name: text('Exactly this last name', "O'Neil"),
    name_prefix: text('First or last name begins so, ignoring case and accents', 'zo'),
  },
  { additionalProperties: false },
)
export type ListQuery = Static<typeof listQuery>

/**
 * The request as the store is asked: one document more than the page has, which tells whether there is another page.
 * @throws HttpProblem `bad-cursor`
 */
export function pageRequest(query: ListQuery, fields: PageRequest['fields']): PageRequest {
  const where: Record<string, unknown>[] = []
  if (query.email !== undefined) where.push({ email_key: foldEmail(query.email) })
  if (query.last_name !== undefined)
    // The key is what the index has; the name itself tells O'Neil from O'NEIL.
    where.push({
      last_name_key: foldName(query.last_name),
      last_name: query.last_name.normalize('NFC').trim(),
    })
  if (query.name_prefix !== undefined) {
    const range = startsWith(foldName(query.name_prefix))
    where.push({ $or: [{ first_name_key: range }, { last_name_key: range }] })
  }
  const after = query.cursor === undefined ? undefined : decodeCursor(identity(query), query.cursor)
  return { where, order: order(query), after, limit: pageSize(query) + 1, fields }
}

/** @param found what the store gave for `pageRequest` */
export function toPage(query: ListQuery, found: readonly Stored<UserDocument>[]) {
  const limit = pageSize(query)
  const items = found.slice(0, limit)
  const last = items.at(-1)
  if (found.length <= limit || last === undefined) return { items, nextCursor: null }
  const { _id: id, last_name_key } = last
  const value = order(query).field === '_id' ? id : last_name_key
  return { items, nextCursor: encodeCursor(identity(query), { value, id }) }
}

const pageSize = ({ limit }: ListQuery): number => Number(limit ?? pageSizeDefault)
const order = (query: ListQuery): Order => orders[query.sort ?? 'created_at']

function identity({ sort = 'created_at', email, last_name, name_prefix }: ListQuery): ListIdentity {
  return { sort, filters: { email, last_name, name_prefix } }
}

/** The highest code point ends the range: strings are ordered by their UTF-8 bytes. */
const startsWith = (prefix: string) => ({ $gte: prefix, $lt: `${prefix}\u{10ffff}` })

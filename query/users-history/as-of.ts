import { instantParameter, toInstant } from '../../shared/http/instant-parameter.ts'
import { versionTag } from '../../shared/http/entity-tags.ts'
import { HttpProblem } from '../../shared/http/problem.ts'
import type { Extension } from '../extensions.ts'
import { versionKey, versionsOf, type RouteOptions } from '../projector/read-model.ts'
import { isKnown, setReadHeaders } from '../read-headers.ts'
import { fields, type Stored } from '../reads.ts'
import type { ServedReads } from '../served-reads.ts'
import { whenFresh } from '../waiting/freshness.ts'
import { valueNames, type VersionDocument } from './document.ts'
import { erasedBefore } from './erasing.ts'

type Version = Stored<VersionDocument>

const shown = fields(...valueNames, 'at', 'deletion', 'erased_at')

/** `GET /users/:id?as_of=…`: the user as it was then, in the form in which it is read now. */
export function asOf(reads: ServedReads<VersionDocument>, options: RouteOptions): Extension {
  return {
    path: '/users/:id',
    parameter: 'as_of',
    schema: instantParameter(
      'The user as it was at that instant, out of its history: RFC 3339 and not in the future, for example `2026-01-31T12:00:00Z`. ' +
        '404 before it was created and from its delete on; 410 where the values of that time are not kept any more',
    ),
    statuses: [410],
    async answer(value, exchange) {
      const instant = toInstant('as_of', value)
      const id = exchange.params['id']!.toLowerCase()
      setReadHeaders(exchange, options)
      await whenFresh(exchange, options, {
        untilApplied: reads.untilApplied,
        onlyOf: id,
        documentIdOf: (written) => versionKey(written.id, written.version),
      })
      const version = await versionAt(reads, options, id, instant)
      if (isKnown(exchange, versionTag(version.version))) return undefined as never
      const values = valueNames.map((name) => [name, version[name]])
      return { id, version: version.version, ...Object.fromEntries(values) } as never
    },
  }
}

/** @throws HttpProblem `not-found` where there was none then, `gone` where nobody can tell any more */
async function versionAt(
  reads: ServedReads<VersionDocument>,
  { settings }: RouteOptions,
  id: string,
  instant: string,
): Promise<Version> {
  const one = async (where: Record<string, unknown>[], direction: 1 | -1): Promise<Version | undefined> => {
    const order = { field: '_id', direction } as const
    const all = [{ _id: versionsOf(id) }, ...where]
    return (await reads.page({ where: all, order, after: undefined, limit: 1, fields: shown }))[0]
  }
  const [found, newest] = [await one([{ at: { $lte: instant } }], -1), await one([], -1)]
  if (!newest) throw new HttpProblem('not-found', { detail: 'there is no user with this id' })
  const isErased = newest.deletion && newest.at <= erasedBefore(settings, new Date())
  if (!found) {
    const first = (await one([], 1))!
    if (first.version === 1 || (!isErased && instant < (first.created_at ?? '')))
      throw new HttpProblem('not-found', { detail: 'the user had not been created yet' })
    throw gone(`the history of this user begins with version ${first.version}`)
  }
  if (found.deletion) throw new HttpProblem('not-found', { detail: 'the user was deleted by then' })
  if (isErased || found.erased_at) throw gone('the user was deleted later, and its former values are erased')
  if (found.version !== newest.version) {
    const next = (await one([{ _id: { $gt: found._id } }], 1))!
    if (next.version !== found.version + 1)
      throw gone(`the versions between ${found.version} and ${next.version} are not known`)
  }
  return found
}

const gone = (detail: string) => new HttpProblem('gone', { detail })

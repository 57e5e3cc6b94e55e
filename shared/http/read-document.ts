import { consistencyTokenHeader } from './consistency-token.ts'
import {
  documentedHeader as header,
  mapOperations,
  problemResponse,
  type Document,
  type Operation,
} from './document-parts.ts'
import { listMediaTypes, producesKey } from './media-types.ts'
import type { ProblemSlug } from './problems.ts'

type Kind = 'document' | 'list'

const [, ndjson] = listMediaTypes

/** `detail` of a route that answers through the read side's one way: what it takes and answers is documented once. */
export function readDetail<Detail extends object>(kind: Kind, detail: Detail) {
  return {
    ...detail,
    [kindKey]: kind,
    ...(kind === 'list' && { [producesKey]: listMediaTypes }),
  }
}

const kindKey = 'x-reads'

/** Every read of an OpenAPI document with its headers, its 304 and its problems. Pure. */
export function documentReads(document: Document): Document {
  return mapOperations(document, documented)
}

interface ReadOperation extends Operation {
  readonly [kindKey]?: Kind
  readonly [producesKey]?: unknown
}

function documented(raw: ReadOperation): Operation {
  const kind = raw[kindKey]
  if (kind === undefined) return raw
  const { [kindKey]: _kind, [producesKey]: _produces, ...operation } = raw
  const isList = kind === 'list'
  const found = operation.responses?.['200']
  const headers = { ...always, ...etag(isList) }
  return {
    ...operation,
    parameters: [...(operation.parameters ?? []), ...parameters],
    responses: {
      ...operation.responses,
      200: {
        ...found,
        headers: { ...found?.headers, ...headers, ...(isList && listHeaders), ...preferenceApplied },
        content: { ...found?.content, ...(isList && { [ndjson]: lines }) },
      },
      304: { description: 'The answer that the client has is still right', headers },
      ...problemsOf(operation, isList ? listProblems : problems),
    },
  }
}

function problemsOf(operation: Operation, bySlug: Readonly<Record<number, readonly ProblemSlug[]>>) {
  return Object.fromEntries(
    Object.entries(bySlug).map(([status, slugs]) => [
      status,
      {
        ...problemResponse(slugs),
        description: descriptions[status] ?? operation.responses?.[status]?.description,
      },
    ]),
  )
}

const problems = {
  400: ['bad-token'],
  406: ['not-acceptable'],
  503: ['unavailable', 'not-yet-applied', 'parked'],
} as const
const listProblems = { ...problems, 400: ['bad-cursor', 'bad-token'] } as const

const descriptions: Readonly<Record<string, string>> = {
  400: 'A cursor or the Consistency-Token was not made by this system, or for another resource',
  406: 'Accept rules out everything that can be served',
}

const text = { type: 'string' }

const always = {
  'Cache-Control': header('As the service is set', text, 'no-cache'),
  Vary: header('What a cache has to tell apart', text),
  'Projection-Lag-Ms': header(
    'The answer shows everything that was committed so many milliseconds ago, or earlier. Absent where that is not known yet.',
    { type: 'integer', minimum: 0 },
    840,
  ),
}
const etag = (isList: boolean) => ({
  ETag: header(
    isList ? 'Of this page: weak' : 'The version, for If-None-Match here and If-Match on the command side',
    text,
    isList ? 'W/"1qk3b9-x2m0aa"' : '"1"',
  ),
})
const preferenceApplied = {
  'Preference-Applied': header(
    'What became of `Prefer`, on a read with a token: the seconds that it would have waited',
    text,
    'wait=5',
  ),
}
const listHeaders = { Link: header('The next page, with rel="next"; absent on the last one', text) }

const parameters = [
  {
    in: 'header',
    name: 'If-None-Match',
    // In words: a form that came with it filled in would answer 304 at the second press.
    description:
      'An `ETag` that the client has, for example `"1"`: where it is still right the answer is 304, with no body',
    schema: text,
  },
  {
    in: 'header',
    name: consistencyTokenHeader,
    description:
      'From the answer to a write: what is read then shows that write, or something newer. It waits for that if need be, and answers 503 where it takes too long.',
    schema: { ...text, maxLength: 512 },
  },
  {
    in: 'header',
    name: 'Prefer',
    description:
      '`wait=5` has a read with a token wait for five seconds at most (RFC 7240), within the bound that the service sets. Without it the service has a default.',
    schema: text,
  },
]

const lines = {
  schema: { type: 'string', description: 'One item of the list a line, to its end' },
  example:
    '{"id":"01890a5d-ac96-774b-bcce-b302099a8057","version":1}\n{"id":"01890a5d-ac96-774b-bcce-b302099a8058","version":4}\n',
}

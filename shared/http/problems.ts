/**
 * The one error vocabulary at the edge (RFC 9457). A slug is stable and is the last part of `type`; what a client can
 * look up about it, at `/problems/<slug>`, stands here and nowhere else.
 */
export const problems = {
  'malformed-json': {
    status: 400,
    title: 'The body is not valid JSON',
    cause: 'The body ends too early, holds a syntax error, or is not UTF-8.',
    fix: 'Send what `JSON.stringify` makes, as UTF-8.',
  },
  'bad-token': {
    status: 400,
    title: 'The Consistency-Token was not made by this system',
    cause:
      'The token was cut or changed on its way, is that of another resource, or was issued with another secret.',
    fix: 'Send `Consistency-Token` exactly as the answer to your write gave it, or read without it.',
    example: { detail: 'send Consistency-Token as the answer to a write gave it' },
  },
  'bad-cursor': {
    status: 400,
    title: 'The cursor was not made by this service',
    cause:
      'A cursor was made up or changed, or is used with another order or filter than the page that gave it.',
    fix: 'Follow `Link` with rel="next", or `next_cursor`, as it is; begin anew without a cursor where you lost it.',
  },
  'idempotency-key-malformed': {
    status: 400,
    title: 'The Idempotency-Key is malformed',
    cause: 'The header is empty, too long, or is not one text.',
    fix: 'Send 1 to 255 visible ASCII characters, best a UUID in double quotes.',
    example: {
      detail: 'must be one text of 1 to 255 visible ASCII characters, best a UUID in double quotes',
    },
  },
  'idempotency-key-missing': {
    status: 400,
    title: 'This request needs an Idempotency-Key',
    cause:
      'This service is set up to refuse writes without one, so that a repeat is never carried out twice.',
    fix: 'Send `Idempotency-Key` with a fresh UUID for each write, and the same one when you repeat it.',
  },
  'bad-request': {
    status: 400,
    title: 'The request is malformed',
    cause: 'The request could not be read as HTTP that this service knows.',
    fix: 'Compare it with the examples in the documentation of this service.',
  },
  unauthenticated: {
    status: 401,
    title: 'This request needs a token that is accepted here',
    cause:
      'There is no `Authorization: Bearer`, or its token has expired, is for somebody else, or is not from the issuer that this service trusts.',
    fix: 'Get a token from the issuer, and send it as `Authorization: Bearer <token>`; `detail` says what was wrong with this one.',
    example: { detail: 'the token has expired' },
  },
  forbidden: {
    status: 403,
    title: 'The token does not allow this',
    cause: 'The token is good, and has not the scope that this request takes.',
    fix: 'Ask the issuer for a token with the scope that `detail` names.',
    example: { detail: 'it takes the scope users:write' },
  },
  'not-found': {
    status: 404,
    title: 'There is nothing at this address',
    cause:
      'The path is unknown, the resource never was or is deleted, or the read side has not seen a write of just now.',
    fix: 'Check the path and the id. Right after a write, read with the `Consistency-Token` that it answered.',
    example: { detail: 'nothing has this id' },
  },
  'method-not-allowed': {
    status: 405,
    title: 'The resource does not know this method',
    cause: 'The path exists, and does not know the method.',
    fix: 'Use one that `Allow` names. Writes go to the command service, reads to the query service.',
  },
  'not-acceptable': {
    status: 406,
    title: 'Nothing that Accept allows can be served here',
    cause: '`Accept` rules out every media type that is to be had here.',
    fix: 'Send `Accept: application/json`, or none. `application/x-ndjson` is for lists alone.',
    example: { detail: 'this resource comes as application/json' },
  },
  duplicate: {
    status: 409,
    title: 'Another resource has this value already',
    cause: 'A value that must be unique belongs to another resource; upper and lower case are the same.',
    fix: 'Use another value, or change the resource that has it.',
    example: { errors: [{ pointer: '/email', detail: 'is taken already' }] },
  },
  'idempotency-key-in-use': {
    status: 409,
    title: 'A request with this Idempotency-Key is still running',
    cause: 'You repeated a request before its first try was answered.',
    fix: 'Wait for `Retry-After` seconds and repeat it with the same key: you then get its answer.',
    example: { detail: 'come again for its answer' },
  },
  gone: {
    status: 410,
    title: 'What was there is not kept any more',
    cause:
      'The values of that time were erased some time after a delete, or the history does not reach back so far.',
    fix: 'There is nothing to repeat: read a later instant, or who changed what and when in the history.',
    example: { detail: 'the user was deleted later, and its former values are erased' },
  },
  'precondition-failed': {
    status: 412,
    title: 'The resource is not what If-Match asks for',
    cause:
      'Somebody changed the resource after you read it, or `If-Match` holds no strong entity tag: `W/"3"` and `3` never match.',
    fix: 'Read it again, decide anew with what it is now, and send the new `ETag`; the answer has it too.',
    example: { detail: 'the version is 3 now' },
  },
  'content-too-large': {
    status: 413,
    title: 'The body is too large',
    cause: 'The body exceeds the bound of this service (`BODY_BYTES_MAX`).',
    fix: 'Send less.',
    example: { detail: 'at most 65536 bytes are accepted' },
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body has a media type or an encoding that is not taken here',
    cause: '`Content-Type` is missing or names another type, or the body is compressed.',
    fix: 'Send `application/json`, for PATCH `application/merge-patch+json`, in UTF-8 and without `Content-Encoding`.',
    example: { detail: 'must be application/json, in UTF-8 and without Content-Encoding' },
  },
  invalid: {
    status: 422,
    title: 'The request is well-formed but invalid',
    cause: 'A field or a parameter is missing, not known here, given twice, or breaks a rule.',
    fix: 'See `errors`: each entry has the place (a JSON pointer, or `query:`, `path:` and a name) and what it must be.',
    example: {
      errors: [{ pointer: '/email', detail: 'must be an e-mail address of at most 254 characters' }],
    },
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'This Idempotency-Key belongs to a request with another content',
    cause:
      'The key was used before, for the same resource and method, with another body or another `If-Match`.',
    fix: 'Use a fresh key for each new request, and the old one for repeats only.',
    example: { detail: 'use another key for another request' },
  },
  'precondition-required': {
    status: 428,
    title: 'This request needs If-Match',
    cause: 'This service is set up to refuse changes that do not say which version they are meant for.',
    fix: 'Read the resource and send its `ETag` as `If-Match`; `If-Match: *` stands for whatever version there is.',
    example: { detail: 'send If-Match with the ETag of what you read, or *' },
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests in a short time',
    cause:
      'You, or all clients of this process together, sent more than it is set up to take; requests with bad tokens count by address.',
    fix: 'Wait for `Retry-After` seconds. `RateLimit-Policy` says what is allowed and `RateLimit` what is left of it.',
  },
  internal: {
    status: 500,
    title: 'Something went wrong on our side',
    cause: 'A defect. It is in the log of this service under the `request_id`.',
    fix: 'Report it with the `request_id`. A write with an `Idempotency-Key` may be repeated with the same key.',
    example: { detail: 'quote the request_id when you report this' },
  },
  overloaded: {
    status: 503,
    title: 'Too many commands are waiting',
    cause:
      'Commands arrive faster than the database commits them, and the queue is full. Nothing was stored.',
    fix: 'Repeat it after `Retry-After` seconds, with growing pauses.',
    example: { detail: 'the queue is full; try again later' },
  },
  unavailable: {
    status: 503,
    title: 'A dependency is not available',
    cause:
      'A database did not answer in time, or this process is about to stop. `/health/ready` names what is away.',
    fix: 'Repeat it after `Retry-After` seconds; a write with the same `Idempotency-Key`, which makes the repeat safe even where `detail` says that the outcome is unknown.',
    example: { detail: 'the database does not answer; nothing was stored' },
  },
  'not-yet-applied': {
    status: 503,
    title: 'The write behind the Consistency-Token cannot be read yet',
    cause:
      'The write is stored, and the read side had not applied it when the time to wait was over (`Prefer: wait`), or too many reads wait already.',
    fix: 'Read again with the same token after `Retry-After` seconds. Never send the command again because of this answer.',
    example: { detail: 'it was waited for as long as was allowed' },
  },
  parked: {
    status: 503,
    title: 'The write behind the Consistency-Token was set aside',
    cause:
      'The write is stored, and the read side could not apply its event: it waits for an operator, who sees it at `/health/pipeline`.',
    fix: 'Waiting does not help. Read without the token for the state before it, or change the resource again: each event carries the whole state, so the next one mends what is shown.',
  },
} as const satisfies Readonly<Record<string, ProblemKind>>

export interface ProblemKind {
  readonly status: number
  readonly title: string
  /** What makes it come up, in sentences; `code` in backquotes. */
  readonly cause: string
  /** What the client does about it. */
  readonly fix: string
  /** What an answer has besides type, title, status and request id. */
  readonly example?: { readonly detail?: string; readonly errors?: readonly FieldError[] }
}

export type ProblemSlug = keyof typeof problems
export type ProblemStatus = (typeof problems)[ProblemSlug]['status']

export interface FieldError {
  /** JSON pointer into the body (`/email`), or the parameter's name behind `path:` or `query:`. */
  readonly pointer: string
  readonly detail: string
}

export interface ProblemDetails {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail?: string
  readonly errors?: readonly FieldError[]
  readonly request_id?: string
}

/** An answer of this kind, as documents and pages show it. */
export function problemExample(slug: ProblemSlug): ProblemDetails {
  const { title, status, example }: ProblemKind = problems[slug]
  return {
    type: `/problems/${slug}`,
    title,
    status,
    ...example,
    request_id: '01890a5d-ac96-774b-bcce-b302099a8057',
  }
}

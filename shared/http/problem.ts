/**
 * The one error vocabulary at the edge (RFC 9457). A slug is stable and is the last part of `type`; its status and
 * title stand here and nowhere else.
 */
export const problems = {
  'malformed-json': { status: 400, title: 'The body is not valid JSON' },
  'bad-token': { status: 400, title: 'The Consistency-Token was not made by this system' },
  'bad-cursor': { status: 400, title: 'The cursor was not made by this service' },
  'idempotency-key-malformed': { status: 400, title: 'The Idempotency-Key is malformed' },
  'idempotency-key-missing': { status: 400, title: 'This request needs an Idempotency-Key' },
  'bad-request': { status: 400, title: 'The request is malformed' },
  'not-found': { status: 404, title: 'There is nothing at this address' },
  'method-not-allowed': { status: 405, title: 'The resource does not know this method' },
  'not-acceptable': { status: 406, title: 'Only JSON can be served here' },
  duplicate: { status: 409, title: 'Another resource has this value already' },
  'idempotency-key-in-use': {
    status: 409,
    title: 'A request with this Idempotency-Key is still running',
  },
  'content-too-large': { status: 413, title: 'The body is too large' },
  'unsupported-media-type': { status: 415, title: 'The body must be application/json, not encoded' },
  invalid: { status: 422, title: 'The request is well-formed but invalid' },
  'idempotency-key-reused': {
    status: 422,
    title: 'This Idempotency-Key belongs to a request with another content',
  },
  internal: { status: 500, title: 'Something went wrong on our side' },
  overloaded: { status: 503, title: 'Too many commands are waiting' },
  unavailable: { status: 503, title: 'A dependency is not available' },
} as const satisfies Record<string, { status: number; title: string }>

export type ProblemSlug = keyof typeof problems

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

/** Thrown by handlers; the app turns it into `application/problem+json`. Holds nothing that may not be shown. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem'
  constructor(
    readonly slug: ProblemSlug,
    readonly options: {
      readonly detail?: string
      readonly errors?: readonly FieldError[]
      /** Seconds; sent as `Retry-After`. A 503 without it gets 1. */
      readonly retryAfterS?: number
      readonly headers?: Readonly<Record<string, string>>
    } = {},
  ) {
    super(options.detail ?? problems[slug].title)
  }

  get status(): number {
    return problems[this.slug].status
  }

  body(requestId: string | undefined): ProblemDetails {
    const { title, status } = problems[this.slug]
    const { detail, errors } = this.options
    return {
      type: `/problems/${this.slug}`,
      title,
      status,
      ...(detail === undefined ? undefined : { detail }),
      ...(errors === undefined ? undefined : { errors }),
      ...(requestId === undefined ? undefined : { request_id: requestId }),
    }
  }

  headers(): Record<string, string> {
    const retryAfterS = this.options.retryAfterS ?? (this.status === 503 ? 1 : undefined)
    return {
      'content-type': 'application/problem+json',
      ...(retryAfterS === undefined ? undefined : { 'retry-after': String(retryAfterS) }),
      ...this.options.headers,
    }
  }
}

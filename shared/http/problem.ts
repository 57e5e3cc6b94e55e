import { problems, type FieldError, type ProblemDetails, type ProblemSlug } from './problems.ts'

export const problemType = 'application/problem+json'

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
      'content-type': problemType,
      // A 404 that somebody kept would hide what is created next.
      'cache-control': 'no-store',
      ...(retryAfterS === undefined ? undefined : { 'retry-after': String(retryAfterS) }),
      ...this.options.headers,
    }
  }
}

import { Type, type TObject, type TProperties } from '@sinclair/typebox'

/** The body of every error (RFC 9457), for the OpenAPI document. */
export const problemSchema = Type.Object(
  {
    type: Type.String({
      description: 'A stable relative URL, /problems/<slug>',
      example: '/problems/invalid',
    }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.Optional(Type.String()),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          pointer: Type.String({
            description: "JSON pointer into the body, or the parameter's name",
            example: '/email',
          }),
          detail: Type.String(),
        }),
      ),
    ),
    request_id: Type.Optional(Type.String({ description: 'To be quoted when asking about this answer' })),
  },
  { title: 'Problem', description: 'What went wrong, and what to do' },
)

/** What both services answer of an aggregate: its state, and the version of that. */
export const resourceOf = <Properties extends TProperties>(title: string, state: TObject<Properties>) =>
  Type.Object(
    {
      ...state.properties,
      version: Type.Integer({ minimum: 1, example: 1, description: 'Rises by one with every change' }),
    },
    { title },
  )

/** `responses` of a route: the given successes, and a problem for each of the statuses. */
export function withProblems<Successes extends Record<number, unknown>, Status extends number>(
  successes: Successes,
  ...statuses: readonly Status[]
) {
  const problems = Object.fromEntries(statuses.map((status) => [status, problemSchema]))
  return Object.assign({ ...successes }, problems as Record<Status, typeof problemSchema>)
}

const check = Type.Object(
  {
    name: Type.String({ example: 'postgresql' }),
    state: Type.Union([Type.Literal('ok'), Type.Literal('degraded'), Type.Literal('failed')]),
    reason: Type.Optional(Type.String({ description: 'What is wrong, and what is done about it' })),
    latency_ms: Type.Optional(Type.Number({ example: 0.8 })),
  },
  { additionalProperties: true },
)
export const healthReport = Type.Object(
  { status: check.properties.state, checks: Type.Array(check) },
  { title: 'Health report' },
)

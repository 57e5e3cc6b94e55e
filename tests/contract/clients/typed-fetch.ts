/**
 * All that a program needs beside the types that `openapi-typescript` makes of a service's document: methods, paths,
 * bodies and answers are those of `Paths`, and whatever is not in it does not compile.
 */
export function typedFetch<Paths>(baseUrl: string) {
  return async function call<Path extends keyof Paths & string, Method extends MethodOf<Paths[Path]>>(
    method: Method,
    path: Path,
    { params, query, headers, body }: Sent<Paths[Path][Method]>,
  ): Promise<AnswerOf<Paths[Path][Method]>> {
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) =>
      encodeURIComponent(String(values(params)[name])),
    )
    const search = new URLSearchParams(
      Object.entries(values(query)).map(([name, value]): [string, string] => [name, String(value)]),
    )
    const answer = await fetch(`${baseUrl}${filled}?${search}`, {
      method: String(method).toUpperCase(),
      headers: { 'content-type': 'application/json', ...values(headers) } as Record<string, string>,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    const result = {
      status: answer.status,
      headers: answer.headers,
      body: text ? JSON.parse(text) : undefined,
    }
    return result as AnswerOf<Paths[Path][Method]>
  }
}

const values = (given: unknown) => (given ?? {}) as Readonly<Record<string, unknown>>

type MethodOf<Item> = {
  [Method in keyof Item]: Item[Method] extends { responses: unknown } ? Method : never
}[keyof Item]

interface Sent<Operation> {
  readonly params?: ParametersOf<Operation, 'path'>
  readonly query?: ParametersOf<Operation, 'query'>
  readonly headers?: ParametersOf<Operation, 'header'>
  readonly body?: Operation extends { requestBody?: { content: infer Content } }
    ? Content[keyof Content]
    : never
}

type ParametersOf<Operation, Place extends string> = Operation extends { parameters: infer Parameters }
  ? Place extends keyof Parameters
    ? Parameters[Place]
    : never
  : never

/** By its status: a look at that tells which body it is. JSON, where there are several. */
type AnswerOf<Operation> = Operation extends { responses: infer Responses }
  ? {
      [Status in keyof Responses]: {
        readonly status: Status
        readonly headers: Headers
        readonly body: BodyOf<Responses[Status]>
      }
    }[keyof Responses]
  : never

type BodyOf<Response> = Response extends { content: { 'application/json': infer Body } }
  ? Body
  : Response extends { content: infer Content }
    ? Content[keyof Content]
    : undefined

export interface HttpRequest {
  /** What stands after `###`. */
  readonly title: string
  /** By which later requests refer to its answer. */
  readonly name: string | undefined
  readonly method: string
  readonly url: string
  readonly headers: Record<string, string>
  readonly body: string | undefined
}

export interface HttpFile {
  readonly variables: Record<string, string>
  readonly requests: readonly HttpRequest[]
}

/** The part of the `.http` format that the examples use. */
export function parseHttpFile(text: string): HttpFile {
  const [head = '', ...parts] = text.split(/^###/m)
  const variables = Object.fromEntries(
    [...head.matchAll(/^@(\w+) = (.*)$/gm)].map(([, name, value]) => [name, value]),
  )
  return { variables, requests: parts.map(parseRequest) }
}

function parseRequest(part: string): HttpRequest {
  const [title = '', ...lines] = part.split('\n')
  const name = lines.map((line) => /^# @name (\w+)/.exec(line)?.[1]).find(Boolean)
  const [head = '', ...body] = lines
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .trim()
    .split('\n\n')
  const [request = '', ...headers] = head.split('\n')
  const [method = '', url = ''] = request.split(' ')
  return {
    title: title.trim(),
    name,
    method,
    url,
    headers: Object.fromEntries(headers.map((line) => line.split(/: (.*)/).slice(0, 2))),
    body: body.length > 0 ? body.join('\n\n') : undefined,
  }
}

/** @param valueOf of what stands between `{{` and `}}` */
export const filledIn = (text: string, valueOf: (name: string) => string): string =>
  text.replace(/\{\{(.*?)\}\}/g, (_, name: string) => valueOf(name))

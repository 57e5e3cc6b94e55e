/**
 * What `@elysiajs/swagger` emits is not valid OpenAPI 3.0.3: responses lack a description and take the request's
 * content types, `const` and `type: null` do not exist in 3.0, TypeBox's own keys leak, query integers become
 * string-or-integer. This mends a copy of the document; pure.
 * @param raw the plugin's document
 */
export function openapi(raw: unknown): Record<string, unknown> {
  const document = mendNode(structuredClone(raw)) as Document
  // A plugin with a prefix gives its root route a slash at the end, which the router does not care about.
  document.paths = Object.fromEntries(
    Object.entries(document.paths ?? {}).map(([path, item]) => [path.replace(/(.)\/$/, '$1'), item]),
  )
  for (const operations of Object.values(document.paths))
    for (const operation of Object.values(operations)) mendOperation(operation)
  return document as unknown as Record<string, unknown>
}

interface Document {
  paths?: Record<string, Record<string, Operation>>
}
interface Operation {
  responses?: Record<string, Response>
  requestBody?: { content?: Record<string, unknown> }
}
interface Response {
  description?: string
  content?: Record<string, unknown>
}

function mendOperation(operation: Operation): void {
  if (operation.requestBody?.content)
    operation.requestBody.content = only(operation.requestBody.content, json)
  for (const [status, response] of Object.entries(operation.responses ?? {}))
    operation.responses![status] = mendResponse(status, response)
  operation.responses ??= { default: { description: 'The answer' } }
}

/** The plugin spreads the schema's own keywords (`title`, `additionalProperties`) over the response around it. */
function mendResponse(status: string, raw: Response): Response {
  const { description: _, headers, content, links, ...keywords } = raw as Response & Record<string, unknown>
  const response: Response & Record<string, unknown> = { description: descriptions[status] ?? 'The answer' }
  if (headers) response['headers'] = headers
  if (links) response['links'] = links
  if (!content || status === '204') return response
  response.content = only(content, Number(status) >= 400 ? problemJson : json)
  for (const media of Object.values(response.content) as { schema?: object }[])
    media.schema = { ...keywords, ...media.schema }
  return response
}

const json = 'application/json'
const problemJson = 'application/problem+json'

/** One media type, with the schema that the plugin repeated under each of its own. */
function only(content: Record<string, unknown>, mediaType: string): Record<string, unknown> {
  const schema = content[json] ?? Object.values(content)[0]
  // A health report answers 503 with itself, not with a problem.
  const isReport = JSON.stringify(schema)?.includes('"checks"')
  return schema === undefined ? {} : { [isReport ? json : mediaType]: schema }
}

function mendNode(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(mendNode)
  if (typeof node !== 'object' || node === null) return node
  const source = node as Record<string, unknown>
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(source)) {
    if (key === '$id' || key === 'x-error') continue
    if (key === 'const') result['enum'] = [value]
    else result[key] = mendNode(value)
  }
  if (result['type'] === 'object') delete result['items']
  return union(result)
}

/** `anyOf` of literals → one enum; with null → nullable; the plugin's string-or-integer → integer. */
function union(schema: Record<string, unknown>): Record<string, unknown> {
  const { anyOf, ...rest } = schema
  if (!Array.isArray(anyOf)) return schema
  const options = anyOf as Record<string, unknown>[]
  const real = options.filter((option) => option['type'] !== 'null')
  const nullable = real.length < options.length ? { nullable: true } : undefined
  const numeric = real.find((option) => option['type'] === 'integer' || option['type'] === 'number')
  if (numeric && real.length === 2 && real.some((option) => option['type'] === 'string'))
    return { ...rest, ...numeric, ...nullable }
  if (real.length > 0 && real.every((option) => Array.isArray(option['enum'])))
    return {
      ...rest,
      type: real[0]?.['type'],
      enum: real.flatMap((option) => option['enum'] as unknown[]),
      ...nullable,
    }
  if (real.length === 1) return { ...rest, ...real[0], ...nullable }
  return { ...rest, anyOf: real, ...nullable }
}

const descriptions: Readonly<Record<string, string>> = {
  200: 'Done',
  201: 'Created',
  204: 'Done; there is nothing to return',
  400: 'The request is malformed',
  404: 'There is no such resource',
  409: 'Another resource has this value already',
  413: 'The body is too large',
  415: 'The body is not application/json',
  422: 'Well-formed but invalid; `errors` names each field',
  500: 'Our fault; quote the request_id',
  503: 'Not available now; try again after `Retry-After` seconds',
}

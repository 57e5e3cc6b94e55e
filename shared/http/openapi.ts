import { canonicalJson } from '../process/canonical-json.ts'
import { producesKey } from './media-types.ts'
import { problemExample, problems, type ProblemSlug } from './problems.ts'
import { mediaTypesKey } from './routing.ts'
import { problemSchema } from './schemas.ts'

/**
 * What `@elysiajs/swagger` emits is not valid OpenAPI 3.0.3: responses lack a description and take the request's
 * content types, `const` and `type: null` do not exist in 3.0, TypeBox's own keys leak, query integers become
 * string-or-integer. This makes a mended document; pure. Schemas that answers share under a title move to
 * `components`, and each problem's example is the one of its status.
 * @param raw the plugin's document
 */
export function openapi(raw: unknown): Record<string, unknown> {
  const { paths = {}, components, ...document } = mendNode(raw) as Document
  const shared: Schemas = { ...components?.schemas }
  const mended = Object.entries(paths).map(([path, item]) => [
    // A plugin with a prefix gives its root route a slash at the end, which the router does not care about.
    path.replace(/(.)\/$/, '$1'),
    Object.fromEntries(
      Object.entries(item).map(([method, operation]) => [method, mendOperation(operation, shared)]),
    ),
  ])
  return { ...document, paths: Object.fromEntries(mended), components: { ...components, schemas: shared } }
}

type Schema = Record<string, unknown>
type Schemas = Record<string, Schema>

interface Document {
  paths?: Record<string, Record<string, Operation>>
  components?: { schemas?: Schemas }
}
interface Operation {
  readonly [producesKey]?: readonly string[]
  responses?: Record<string, Response>
  requestBody?: { content?: Content }
  readonly [mediaTypesKey]?: readonly string[]
}
interface Response {
  description?: string
  headers?: unknown
  links?: unknown
  content?: Content
}
type Content = Record<string, { schema?: Schema; example?: unknown }>

function mendOperation(operation: Operation, shared: Schemas): Operation {
  const { requestBody, responses, [mediaTypesKey]: mediaTypes = [json], ...rest } = operation
  const [produced = json] = rest[producesKey] ?? []
  const mended = Object.entries(responses ?? { default: {} }).map(([status, response]) => [
    status,
    mendResponse(status, response, shared, produced),
  ])
  return {
    ...rest,
    ...(requestBody?.content && {
      requestBody: {
        ...requestBody,
        content: Object.fromEntries(
          mediaTypes.map((type) => [type, { schema: onlySchema(requestBody.content ?? {}) }]),
        ),
      },
    }),
    responses: Object.fromEntries(mended),
  }
}

/** The plugin spreads the schema's own keywords (`title`, `additionalProperties`) over the response around it. */
function mendResponse(status: string, raw: Response, shared: Schemas, produced: string): Response {
  const { headers, content, links, ...keywords } = raw
  const response: Response = {
    description: descriptions[status] ?? 'The answer',
    ...(headers ? { headers } : undefined),
    ...(links ? { links } : undefined),
  }
  if (!content || status === '204') return response
  const schema: Schema = { ...keywords, ...onlySchema(content) }
  if (schema['description'] === undefined) delete schema['description']
  // A health report answers 503 with itself, not with a problem.
  const isProblem = schema['title'] === problemSchema.title
  const example = isProblem ? { example: exampleOf(Number(status)) } : undefined
  const media = { schema: moved(schema, shared) as Schema, ...example }
  return { ...response, content: { [isProblem ? 'application/problem+json' : produced]: media } }
}

const json = 'application/json'

/** The plugin repeats one schema under each of its media types. */
const onlySchema = (content: Content): Schema => (content[json] ?? Object.values(content)[0])?.schema ?? {}

/** Titled schemas become references; one whose name already means something else stays where it is. */
function moved(node: unknown, shared: Schemas): unknown {
  if (Array.isArray(node)) return node.map((item) => moved(item, shared))
  if (typeof node !== 'object' || node === null) return node
  const schema = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, moved(value, shared)]))
  const { title } = schema
  if (typeof title !== 'string' || schema['type'] === undefined) return schema
  const name = title.replace(/\s+(\w)/g, (_, letter: string) => letter.toUpperCase())
  shared[name] ??= schema
  return canonicalJson(shared[name]) === canonicalJson(schema)
    ? { $ref: `#/components/schemas/${name}` }
    : schema
}

/** The first of the vocabulary with this status. */
function exampleOf(status: number): unknown {
  const slug = (Object.keys(problems) as ProblemSlug[]).find((known) => problems[known].status === status)
  return slug && problemExample(slug)
}

function mendNode(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(mendNode)
  if (typeof node !== 'object' || node === null) return node
  const source = node as Record<string, unknown>
  const result: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(source)) {
    if (key === '$id' || key === 'x-error') continue
    if (key === 'const') result['enum'] = [value]
    else if (key === 'x-pattern') result['pattern'] = value
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
  412: 'The resource is not what `If-Match` asks for; `ETag` is what it is now',
  415: 'The body has another media type, or is encoded',
  422: 'Well-formed but invalid; `errors` names each field',
  500: 'Our fault; quote the request_id',
  503: 'Not available now; try again after `Retry-After` seconds',
}

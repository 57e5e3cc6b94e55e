import { mapOperations, type Document, type Operation } from '../document-parts.ts'
import { problemType } from '../problem.ts'
import { problemExample, problems } from '../problems.ts'
import { requirementOf } from './scopes.ts'

/**
 * An OpenAPI document with what the guard asks and may answer, in one place, since no route does anything for it:
 * `securitySchemes` and 401 and 403 where there is authentication, 429 where there are limits. Pure.
 */
export function documentAccess(
  document: Document,
  { auth, rateLimit }: { readonly auth?: unknown; readonly rateLimit?: unknown },
): Document {
  if (!auth && !rateLimit) return document
  const { components = {} } = document as { components?: { securitySchemes?: object } }
  return {
    ...mapOperations(document, (operation, method, path) =>
      documented(operation, auth ? requirementOf(method.toUpperCase(), path) : 'open', {
        isLimited: Boolean(rateLimit) && !path.startsWith('/health/'),
      }),
    ),
    ...(auth ? { components: { ...components, securitySchemes: { [schemeName]: scheme } } } : undefined),
  }
}

function documented(
  operation: Operation,
  requirement: ReturnType<typeof requirementOf>,
  { isLimited }: { isLimited: boolean },
): Operation {
  const isOpen = requirement === 'open'
  const responses = {
    ...operation.responses,
    ...(isOpen ? undefined : { 401: refusal('unauthenticated'), 403: refusal('forbidden') }),
    ...(isLimited ? { 429: refusal('too-many-requests') } : undefined),
  }
  if (isOpen) return { ...operation, responses }
  const needs = `Needs a token with the scope \`${requirement.scope}\`.`
  const description = operation.description ? `${operation.description}\n\n${needs}` : needs
  return { ...operation, description, security: [{ [schemeName]: [] }], responses } as Operation
}

const schemeName = 'token'
const scheme = {
  type: 'http',
  scheme: 'bearer',
  bearerFormat: 'JWT',
  description:
    'A JSON Web Token of the issuer that this service was told of, with the scope an operation names.',
}

const challenge = { description: 'What is wanted (RFC 6750)', schema: { type: 'string' } }
const limits = {
  'Retry-After': { description: 'Seconds', schema: { type: 'integer', minimum: 1 } },
  RateLimit: {
    description: 'What is left: `r` requests; whole again in `t` seconds',
    schema: { type: 'string' },
  },
  'RateLimit-Policy': {
    description: 'What is allowed: `q` requests at once, that many in `w` seconds',
    schema: { type: 'string' },
  },
}

function refusal(slug: 'unauthenticated' | 'forbidden' | 'too-many-requests') {
  return {
    description: problems[slug].title,
    headers: slug === 'too-many-requests' ? limits : { 'WWW-Authenticate': challenge },
    content: {
      [problemType]: {
        schema: { $ref: '#/components/schemas/Problem' },
        example: problemExample(slug),
      },
    },
  }
}

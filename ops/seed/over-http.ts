import { authorization } from '../tokens.ts'
import type { Services } from './journey.ts'

export function overHttp(commandUrl: string, queryUrl: string): Services {
  const call = async (url: string, init?: RequestInit) => {
    const response = await fetch(url, { ...init, headers: { ...init?.headers, ...(await authorization()) } })
    const text = await response.text()
    return { status: response.status, body: text ? (JSON.parse(text) as unknown) : undefined }
  }
  return {
    command: (method, path, body, version) =>
      call(`${commandUrl}${path}`, {
        method,
        headers: {
          'idempotency-key': crypto.randomUUID(),
          ...(body === undefined ? undefined : { 'content-type': 'application/json' }),
          ...(version === undefined ? undefined : { 'if-match': `"${version}"` }),
        },
        ...(body === undefined ? undefined : { body: JSON.stringify(body) }),
      }),
    query: (path) => call(`${queryUrl}${path}`),
  }
}

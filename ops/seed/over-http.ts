import type { Services } from './journey.ts'

export function overHttp(commandUrl: string, queryUrl: string): Services {
  const call = async (url: string, init?: RequestInit) => {
    const response = await fetch(url, init)
    const text = await response.text()
    return { status: response.status, body: text ? (JSON.parse(text) as unknown) : undefined }
  }
  return {
    command: (method, path, body) =>
      call(`${commandUrl}${path}`, {
        method,
        ...(body === undefined
          ? undefined
          : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      }),
    query: (path) => call(`${queryUrl}${path}`),
  }
}

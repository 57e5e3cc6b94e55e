import { idempotencyReplayedHeader } from '../../../shared/http/idempotency-key.ts'

export interface HttpAnswer {
  /** 0 when there was none within the patience. */
  readonly status: number
  readonly body: Record<string, unknown> | undefined
  /** As `Idempotency-Replayed` says. */
  readonly isReplayed: boolean
}

/** One request on a connection of its own: a pooled one that was closed meanwhile could be tried twice unseen. */
export async function ask(
  url: string,
  { method = 'GET', body, key, patienceMs }: AskOptions,
): Promise<HttpAnswer> {
  try {
    const response = await fetch(url, {
      method,
      keepalive: false,
      signal: AbortSignal.timeout(patienceMs),
      headers: {
        ...(body === undefined ? undefined : { 'content-type': 'application/json' }),
        ...(key === undefined ? undefined : { 'idempotency-key': key }),
      },
      ...(body === undefined ? undefined : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      body: text.startsWith('{') ? JSON.parse(text) : undefined,
      isReplayed: response.headers.get(idempotencyReplayedHeader) === 'true',
    }
  } catch {
    return { status: 0, body: undefined, isReplayed: false }
  }
}

export interface AskOptions {
  readonly method?: string
  readonly body?: object | undefined
  readonly key?: string | undefined
  readonly patienceMs: number
}

import type { Answer } from './completeness.ts'

const TIMEOUT_MS = 5_000

/** How the query service shows a user. The function throws where there is no answer. */
export function readUser(queryUrl: string): (id: string) => Promise<Answer> {
  return async (id) => {
    const answer = await fetch(`${queryUrl}/users/${id}`, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const { version } = (await answer.json()) as { version?: number }
    return { status: answer.status, version }
  }
}

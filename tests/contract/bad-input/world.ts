import { waitFor } from '../../support/stack.ts'
import { json, type Known, type Service, type World } from './corpus.ts'

/** Writes what the cases refer to, and waits until it can be read. */
export async function makeWorld(urls: Readonly<Record<Service, string>>): Promise<World> {
  const usedKeys = ['used-before', 'used-as-well'] as const
  const user = await created(urls.command, 'user', usedKeys[0])
  const other = await created(urls.command, 'other', usedKeys[1])
  const cursorOf = (query: string) =>
    waitFor(
      async () => {
        const answer = await fetch(`${urls.query}/users?limit=1${query}`)
        return ((await answer.json()) as { next_cursor: string | null }).next_cursor
      },
      { timeoutMs: 10_000, what: 'two users to be listed' },
    )
  return {
    user,
    other,
    usedKeys,
    cursor: await cursorOf(''),
    cursorByName: await cursorOf('&sort=last_name'),
  }
}

async function created(commandUrl: string, name: string, key: string): Promise<Known> {
  const email = `${name}@example.org`
  const answer = await fetch(`${commandUrl}/users`, {
    method: 'POST',
    headers: { ...json, 'idempotency-key': key },
    body: JSON.stringify({ first_name: 'Zoë', last_name: name, email }),
  })
  const { id } = (await answer.json()) as { id: string }
  return { id, email, token: answer.headers.get('consistency-token')! }
}

import { waitFor } from '../wait.ts'
import type { World } from '../faults/world/world.ts'

/** Writes some users, so that there is something to find. @returns their consistency tokens, by their id */
export async function makePeople(world: World, count: number): Promise<Record<string, string>> {
  const [command, query] = [world.commands[0]!.url, world.queries[0]!.url]
  const tokens: Record<string, string> = {}
  for (let number = 0; number < count; number++) {
    const answer = await fetch(`${command}/users`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        first_name: 'Zoë',
        last_name: `Zeta ${number}`,
        email: `zoe.${number}@example.com`,
      }),
    })
    const { id } = (await answer.json()) as { id: string }
    tokens[id] = answer.headers.get('consistency-token') ?? ''
  }
  const shown = async () => {
    const answer = await fetch(`${query}/users?limit=100`)
    return ((await answer.json()) as { items: unknown[] }).items.length >= count
  }
  await waitFor(shown, { timeoutMs: 20_000, what: 'the users to be read' })
  return tokens
}

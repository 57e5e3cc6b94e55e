import { answerOrders } from './orders.ts'

interface Order {
  readonly commandUrl: string
  readonly queryUrl: string
  /** Writes a second, whatever the answers take. */
  readonly rate: number
  readonly seconds: number
}

/** Reads back so many a second at most: a read for each write would be another load. */
const PROBES_PER_SECOND = 20
const RETRY_MS = 5
const GIVE_UP_MS = 60_000
const TICK_MS = 2

const nowMs = () => performance.timeOrigin + performance.now()

await answerOrders<Order>(async ({ commandUrl, queryUrl, rate, seconds }) => {
  const count = rate * seconds
  const every = Math.max(1, Math.floor(rate / PROBES_PER_SECOND))
  const visibleMs: number[] = []
  const running: Promise<void>[] = []
  let [failed, lateMs] = [0, 0]
  const startedAt = performance.now()
  const run = `${Math.round(nowMs())}`

  async function write(n: number): Promise<void> {
    const answer = await fetch(`${commandUrl}/users`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: `{"first_name":"Ada","last_name":"Lovelace","email":"o${run}-${n}@bench.example"}`,
    })
    const { id, created_at } = (await answer.json()) as { id: string; created_at: string }
    if (answer.status !== 201) throw new Error(String(answer.status))
    if (n % every === 0)
      visibleMs.push(await visible(id, created_at, answer.headers.get('consistency-token')))
  }

  /** Since its transaction began, by the clock that both processes share, until a client has read it. */
  async function visible(id: string, createdAt: string, token: string | null): Promise<number> {
    const headers: Record<string, string> = token ? { 'consistency-token': token, prefer: 'wait=10' } : {}
    for (const until = performance.now() + GIVE_UP_MS; performance.now() < until;) {
      const answer = await fetch(`${queryUrl}/users/${id}`, { headers })
      await answer.arrayBuffer()
      if (answer.ok) return nowMs() - Date.parse(createdAt)
      await Bun.sleep(RETRY_MS)
    }
    throw new Error('not visible')
  }

  for (let n = 0; n < count;) {
    const dueMs = startedAt + (n * 1_000) / rate
    const now = performance.now()
    if (now < dueMs) {
      await Bun.sleep(Math.max(TICK_MS, dueMs - now))
      continue
    }
    lateMs = Math.max(lateMs, now - dueMs)
    running.push(write(n++).catch(() => void failed++))
    // What is due at once is sent at once; answers are read in between.
    if (n % 64 === 0) await Bun.sleep(0)
  }
  await Promise.all(running)
  return { count, failed, lateMs, visibleMs, elapsedMs: performance.now() - startedAt }
})

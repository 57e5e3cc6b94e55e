/**
 * For samples in the docs: a result with what differs from run to run in its place, so that the text made of it can be
 * compared. An id that is met again is the same again.
 * @param kept ids that are the same in every run
 */
export function createSteady(kept: readonly string[]): <T>(result: T) => T {
  const ids = new Map(kept.map((id) => [id, id]))
  return (result) => walk(result, '', ids) as typeof result
}

function walk(value: unknown, key: string, ids: Map<string, string>): unknown {
  if (typeof value === 'string') return text(value, key, ids)
  if (typeof value === 'number') return steadyNumbers[key] ?? value
  if (Array.isArray(value)) return value.map((item) => walk(item, key, ids))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, item]) => [name, walk(item, name, ids)] as const)
  return { ...Object.fromEntries(entries), ...depthOf(value) }
}

/** Heartbeats pile up where nobody consumes, and are just passing where somebody does. */
function depthOf(value: { messages?: unknown; consumers?: unknown }): object | undefined {
  return value.messages === undefined ? undefined : { messages: value.consumers === 0 ? 4 : 0 }
}

function text(value: string, key: string, ids: Map<string, string>): string {
  return (steadyTexts[key] ?? value)
    .replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, (id) => {
      if (!ids.has(id)) ids.set(id, `01890b2c-7f3e-7a41-9d52-6c0e5b8f${String(ids.size).padStart(4, '0')}`)
      return ids.get(id)!
    })
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '2026-11-24T10:00:00.000Z')
    .replace(/\b[\w.-]+@[\w-]+(?= since)/g, 'ada@ops-1')
    .replace(/(applied to \d+) [\d.]+ m?s ago/g, '$1 0.4 s ago')
    .replace(
      /^(PostgreSQL|RabbitMQ|FerretDB|MongoDB) [\d.]+$/,
      (_, name: string) => `${name} ${versions[name]}`,
    )
}

const versions: Readonly<Record<string, string>> = {
  PostgreSQL: '18.6',
  RabbitMQ: '4.3.6',
  FerretDB: '2.7.0',
  MongoDB: '8.0.4',
}
const steadyNumbers: Readonly<Record<string, number>> = { ageSeconds: 0.4, leaseMs: 2_400 }
const steadyTexts: Readonly<Record<string, string>> = {
  leader: 'relay-1',
  by: 'ada@ops-1',
  requestedBy: 'ada@ops-1',
  source: 'the local stack of process 4242',
}

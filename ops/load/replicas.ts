import { findCompose } from '../compose/engine.ts'
import { root } from '../compose/file.ts'
import { run } from '../stack/run.ts'
import { waitFor } from '../wait.ts'
import type { Target } from './measure.ts'
import type { LoadOptions } from './options.ts'
import type { Part } from './parts.ts'

const ROLES = ['command', 'relay', 'query'] as const
type Role = (typeof ROLES)[number]
type Scale = Record<Role, number>

/** What `scaling` asks about. */
export const SCALED = ['command', 'query'] as const
export type Scaled = (typeof SCALED)[number]
export type Counts = Record<Scaled, number>

/** A system of which there can be more processes. */
export interface Replicas {
  /** How the load reaches them, in a sentence. */
  readonly how: string
  /** Resolves when that many of each answer, and there is one relay; with the system as it is then. */
  set(counts: Counts): Promise<Target>
  /** As it was found. */
  restore(): Promise<void>
}

const PORTS: Scale = { command: 3000, query: 3001, relay: 3002 }
export const READY_TIMEOUT_MS = 90_000

/** A system in containers, whose replicas can be set. */
export class Containers implements Replicas {
  readonly how = 'Containers behind their balancer, which every request passes.'

  private constructor(
    private readonly compose: string[],
    private readonly urls: Pick<LoadOptions, 'commandUrl' | 'queryUrl'>,
    private readonly before: Scale,
  ) {}

  /** The containers behind these URLs; undefined where it is something else that answers there. */
  static async behind(urls: Pick<LoadOptions, 'commandUrl' | 'queryUrl'>): Promise<Containers | undefined> {
    const compose = await findCompose().catch(() => undefined)
    if (!compose) return undefined
    const [edge] = await idsOf(compose, 'edge').catch(() => [])
    if (!edge) return undefined
    const published = await run(['docker', 'port', edge, `${PORTS.command}/tcp`]).catch(() => '')
    if (!published.split('\n').some((line) => line.endsWith(`:${new URL(urls.commandUrl).port}`)))
      return undefined
    const counts = await Promise.all(ROLES.map(async (role) => (await idsOf(compose, role)).length))
    return new Containers(
      compose,
      urls,
      Object.fromEntries(ROLES.map((role, n) => [role, counts[n]!])) as Scale,
    )
  }

  async set(counts: Counts): Promise<Target> {
    await this.scale({ ...counts, relay: 1 })
    return this.target()
  }

  async restore(): Promise<void> {
    await this.scale(this.before)
  }

  /** Resolves when that many of each answer through the door. What runs already is left as it is. */
  private async scale(scale: Scale): Promise<void> {
    const counts = ROLES.flatMap((role) => ['--scale', `${role}=${scale[role]}`])
    await run([...this.compose, 'up', '-d', '--no-recreate', ...counts], { cwd: root })
    await this.untilServing(this.urls.commandUrl, scale.command)
    await this.untilServing(this.urls.queryUrl, scale.query)
  }

  /** As the containers are now: their processes are seen from here, and their figures at their own addresses. */
  async target(): Promise<Target> {
    const parts: Part[] = []
    const metrics: Target['metrics'] = { command: [], relay: [], query: [] }
    const services = (await run([...this.compose, 'ps', '--services'], { cwd: root })).split('\n')
    for (const service of services.map((line) => line.trim()).filter(Boolean)) {
      const ids = await idsOf(this.compose, service)
      for (const [n, id] of ids.entries()) {
        const [pid, address] = (await inspect(id)).split(' ')
        if (!Number(pid)) continue
        const role = ROLES.find((name) => name === service)
        parts.push({
          name: ids.length > 1 ? `${service} ${n + 1}` : service,
          root: Number(pid),
          isSingleThreaded: !!role,
        })
        if (role && address) metrics[role].push(`http://${address}:${PORTS[role]}`)
      }
    }
    return { commandUrls: [this.urls.commandUrl], queryUrls: [this.urls.queryUrl], parts, metrics }
  }

  /** The door names who answered. */
  private async untilServing(url: string, count: number): Promise<void> {
    const isServing = async () => {
      const servers = new Set<string | null>()
      for (let n = 0; n < count * 4; n++) {
        const answer = await fetch(`${url}/health/ready`, { headers: { connection: 'close' } })
        if (answer.ok) servers.add(answer.headers.get('x-served-by'))
      }
      return servers.size === count
    }
    await waitFor(isServing, {
      timeoutMs: READY_TIMEOUT_MS,
      what: `${count} to answer at ${url}`,
      intervalMs: 500,
    })
  }
}

async function idsOf(compose: string[], service: string): Promise<string[]> {
  const output = await run([...compose, 'ps', '-q', service], { cwd: root })
  return output.split('\n').filter((line) => /^[0-9a-f]{12,}$/.test(line))
}

const inspect = (id: string) =>
  run([
    'docker',
    'inspect',
    '--format',
    '{{.State.Pid}} {{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}',
    id,
  ])

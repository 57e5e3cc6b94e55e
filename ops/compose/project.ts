import { run } from '../stack/run.ts'
import { waitFor } from '../wait.ts'
import { root } from './file.ts'

export type Role = 'command' | 'relay' | 'query'

const HEALTHY_TIMEOUT_MS = 60_000

/** One set of containers from docker-compose.yml, with ports, volumes and a name of its own. */
export class Project {
  readonly commandUrl: string
  readonly queryUrl: string
  /** For compose, and for a process that is to find the same project by `projectOfEnv`. */
  readonly env: Record<string, string>

  /** @param compose the command, as its words */
  constructor(
    private readonly compose: readonly string[],
    options: { name: string; commandPort: number; queryPort: number },
  ) {
    this.commandUrl = `http://127.0.0.1:${options.commandPort}`
    this.queryUrl = `http://127.0.0.1:${options.queryPort}`
    this.env = {
      COMPOSE: compose.join(' '),
      COMPOSE_PROJECT_NAME: options.name,
      COMMAND_PORT: String(options.commandPort),
      QUERY_PORT: String(options.queryPort),
      COMMAND_PUBLIC_URL: this.commandUrl,
      QUERY_PUBLIC_URL: this.queryUrl,
    }
  }

  /** @param args as after `docker-compose` */
  do(...args: string[]): Promise<string> {
    return run([...this.compose, ...args], { cwd: root, env: this.env })
  }

  async up(scale: Record<Role, number>): Promise<void> {
    const counts = Object.entries(scale).flatMap(([role, count]) => ['--scale', `${role}=${count}`])
    await this.do('up', '-d', ...counts)
    await this.healthy('edge')
  }

  /** @returns ids */
  async containers(service: string): Promise<string[]> {
    return (await this.do('ps', '-q', service)).split('\n').filter((line) => /^[0-9a-f]{12,}$/.test(line))
  }

  /** Resolves when each container of the service is healthy. */
  async healthy(service: string): Promise<void> {
    for (const id of await this.containers(service))
      await waitFor(async () => (await inspect(id, '{{.State.Health.Status}}')) === 'healthy', {
        timeoutMs: HEALTHY_TIMEOUT_MS,
        what: `${service} to be healthy`,
      })
  }
}

/** The project that another process, such as `npm run test:compose`, describes in its `env`. */
export function projectOfEnv(): Project {
  const { COMPOSE, COMPOSE_PROJECT_NAME, COMMAND_PORT, QUERY_PORT } = process.env
  if (!COMPOSE || !COMPOSE_PROJECT_NAME || !COMMAND_PORT || !QUERY_PORT)
    throw new Error('COMPOSE, COMPOSE_PROJECT_NAME, COMMAND_PORT and QUERY_PORT must be set')
  return new Project(COMPOSE.split(' '), {
    name: COMPOSE_PROJECT_NAME,
    commandPort: Number(COMMAND_PORT),
    queryPort: Number(QUERY_PORT),
  })
}

/**
 * SIGKILL to the process in the container, which is not the first there: that is `init`. Resolves when the engine has
 * started the container again, with the time (of `performance.now()`) at which the process was gone. A signal sent is
 * not a process gone: until the kernel has closed its sockets, a request may still reach it.
 */
export async function crash(id: string): Promise<number> {
  const before = await startedAt(id)
  // The container may end before the one who sent the signal has.
  await inside(id, killFirstChild).catch(() => {})
  await waitFor(async () => (await startedAt(id)) !== before, {
    timeoutMs: HEALTHY_TIMEOUT_MS,
    what: 'the engine to start it again',
  })
  return Date.parse(await inspect(id, '{{.State.FinishedAt}}')) - performance.timeOrigin
}

const killFirstChild = `process.kill(parseInt(require('fs').readFileSync('/proc/1/task/1/children', 'utf8')), 'SIGKILL')`

/** As the engine stops a container, with its grace period, and starts it again. */
export const restart = (id: string): Promise<string> => run(['docker', 'restart', id])

/** Runs a script in the container. @returns what it printed */
export const inside = (id: string, script: string): Promise<string> =>
  run(['docker', 'exec', id, 'bun', '-e', script])

const startedAt = (id: string) => inspect(id, '{{.State.StartedAt}}')
const inspect = (id: string, format: string) => run(['docker', 'inspect', '--format', format, id])

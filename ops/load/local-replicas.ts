import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Service } from '../services.ts'
import { listenerOn } from '../stack/listeners.ts'
import { choosePorts } from '../stack/ports.ts'
import type { Progress } from '../stack/progress.ts'
import { waitFor } from '../wait.ts'
import type { Target } from './measure.ts'
import { isLocal, type Part } from './parts.ts'
import { read } from './proc.ts'
import { type Counts, READY_TIMEOUT_MS, type Replicas, SCALED, type Scaled } from './replicas.ts'

const GRACE_MS = 10_000

/**
 * More processes beside those of `npm start`, each as the first of its kind was started, on a port of its own. Nothing
 * stands in front of them: the load itself is spread over them. They end with this process, however it ends.
 */
export class LocalReplicas implements Replicas {
  readonly how =
    'Processes of this machine, which share its cores with the servers and with k6. Nothing stands in front of them: each of ' +
    "k6's virtual users asks one of them."
  private logs: string | undefined
  private readonly more: Record<Scaled, Service[]> = { command: [], query: [] }

  private constructor(
    private readonly first: Record<Scaled, { url: string; pid: number }>,
    private readonly found: Target,
    private readonly progress: Progress,
  ) {}

  /** @returns undefined where one of the two is not a process of this system here */
  static beside(target: Target, progress: Progress): LocalReplicas | undefined {
    const command = processAt(target.commandUrls[0]!, 'command')
    const query = processAt(target.queryUrls[0]!, 'query')
    return command && query && new LocalReplicas({ command, query }, target, progress)
  }

  async set(counts: Counts): Promise<Target> {
    await Promise.all(SCALED.map((role) => this.scale(role, counts[role])))
    const urls = (role: Scaled) => [this.first[role].url, ...this.more[role].map(({ url }) => url)]
    const [commandUrls, queryUrls] = [urls('command'), urls('query')]
    return {
      commandUrls,
      queryUrls,
      metrics: { ...this.found.metrics, command: commandUrls, query: queryUrls },
      parts: this.found.parts.flatMap((part) => this.partsOf(part)),
    }
  }

  async restore(): Promise<void> {
    await Promise.all(SCALED.map((role) => this.scale(role, 1)))
    if (this.logs) await rm(this.logs, { recursive: true, force: true })
  }

  private async scale(role: Scaled, count: number): Promise<void> {
    const services = this.more[role]
    await Promise.all(services.splice(count - 1).map((service) => service.stop(GRACE_MS)))
    while (services.length < count - 1) {
      const service = await this.started(role, services.length + 2)
      services.push(service)
      await waitFor(() => service.isReady(), {
        timeoutMs: READY_TIMEOUT_MS,
        what: `${role} at ${service.url}`,
      })
    }
  }

  private async started(name: Scaled, number: number): Promise<Service> {
    this.logs ??= await mkdtemp(join(tmpdir(), 'outbox-replicas-'))
    const { port, opsPort } = await choosePorts({ port: 0, opsPort: 0 })
    const env = environmentOf(this.first[name].pid)
    const own = name.toUpperCase()
    const service = new Service({
      name,
      port,
      env: {
        ...env,
        [`${own}_PORT`]: `${port}`,
        [`${own}_OPS_PORT`]: env[`${own}_OPS_PORT`] && `${opsPort}`,
        REPLICA_ID: undefined,
      },
      logFile: join(this.logs, `${name}-${number}.log`),
      onProblem: (text) => this.progress.line(` ! ${text}`),
    })
    service.start()
    return service
  }

  private partsOf(part: Part): Part[] {
    const role = SCALED.find((name) => name === part.name)
    if (!role || this.more[role].length === 0) return [part]
    const others = this.more[role].flatMap(({ options }, n) => {
      const pid = listenerOn(options.port)?.pid
      return pid ? [{ ...part, name: `${role} ${n + 2}`, root: pid }] : []
    })
    return [{ ...part, name: `${role} 1` }, ...others]
  }
}

function processAt(url: string, role: Scaled): { url: string; pid: number } | undefined {
  const listener = isLocal(url) ? listenerOn(Number(new URL(url).port || 80)) : undefined
  return listener && new RegExp(`ops/main\\.ts ${role}$`).test(listener.commandLine)
    ? { url, pid: listener.pid }
    : undefined
}

const environmentOf = (pid: number): Record<string, string> =>
  Object.fromEntries(
    read(`/proc/${pid}/environ`)
      .split('\0')
      .map((line) => /^([^=]+)=([^]*)$/.exec(line))
      .flatMap((match) => (match ? [[match[1]!, match[2]!]] : [])),
  )

import { join } from 'node:path'
import { type Interruption, aborted } from './interruption.ts'
import type { ServicePorts } from './service-ports.ts'
import { Service } from './services.ts'
import { type Stack, type StackEnv, startStack } from './stack/index.ts'
import type { Progress } from './stack/progress.ts'
import { run as runCommand } from './stack/run.ts'
import { announce } from './stack/running.ts'
import { waitFor } from './wait.ts'

export interface SystemOptions {
  dataDir: string
  ports: ServicePorts
  /** Data need not be safe, and is removed at the end. */
  throwaway?: boolean
  progress: Progress
  signal: AbortSignal
}

const READY_TIMEOUT_MS = 60_000
const GRACE_MS = 10_000
/** Our parent is gone, and with it whoever would wait for us. */
const URGENT_GRACE_MS = 4_000

/** The whole system on this machine: servers, migrations, services. They end with this process, however it ends. */
export class LocalSystem {
  private started: Stack | undefined
  private services: Service[] = []
  private retract = () => {}

  constructor(private readonly options: SystemOptions) {}

  get stack(): Stack {
    if (!this.started) throw new Error('the servers were not started')
    return this.started
  }

  get urls(): Record<'command' | 'relay' | 'query', string> {
    const [command, relay, query] = this.services.map((service) => service.url) as [string, string, string]
    return { command, relay, query }
  }

  async start(): Promise<void> {
    const { dataDir, ports, progress, signal } = this.options
    this.started = await startStack(this.options)
    this.retract = announce(dataDir, this.stack)
    const env = serviceEnv(this.stack.env, ports)
    if (env.POSTGRES_OWNER_URL) {
      const migrations = progress.step('migrations')
      await runCommand([process.execPath, join(import.meta.dir, 'main.ts'), 'migrate'], { env, signal })
      migrations.done()
    }
    const step = progress.step('services')
    for (const name of ['command', 'relay', 'query'] as const) {
      const logFile = join(dataDir, 'logs', `${name}.log`)
      const onProblem = (text: string) => progress.line(` ! ${text}`)
      this.services.push(
        new Service({
          name,
          port: ports[name],
          env: { ...env, ...serversOf(name, this.stack.env) },
          logFile,
          onProblem,
        }),
      )
    }
    for (const service of this.services) service.start()
    await this.untilReady(step.note)
    step.done('command, relay, query')
  }

  /** Services first: what they still write needs the servers. */
  async stop(): Promise<void> {
    const { progress, signal } = this.options
    const urgent = (signal.reason as Interruption | undefined)?.urgent
    progress.status('')
    const step = progress.step('stop')
    await Promise.all(this.services.map((service) => service.stop(urgent ? URGENT_GRACE_MS : GRACE_MS)))
    step.note('servers')
    await this.started?.stop()
    this.retract()
    if (this.started) step.done('nothing is left running')
    progress.close()
  }

  private async untilReady(note: (text: string) => void): Promise<void> {
    const waiting = new Set(this.services)
    const check = async () => {
      this.options.signal.throwIfAborted()
      for (const service of waiting) if (await service.isReady().catch(() => false)) waiting.delete(service)
      note(`waiting for ${[...waiting].map((service) => service.options.name).join(', ')}`)
      return waiting.size === 0
    }
    await Promise.race([
      waitFor(check, { timeoutMs: READY_TIMEOUT_MS, what: 'the services to be ready' }).catch(
        (error: Error) => {
          const reports = [...waiting].map(
            (service) => `${service.options.name}:\n  ${service.lastLines().join('\n  ')}`,
          )
          throw new Error([error.message, ...reports].join('\n'), { cause: error })
        },
      ),
      aborted(this.options.signal).then((reason) => Promise.reject(reason)),
    ])
  }
}

/** Each process knows the servers it uses, as a user of its own, and no other. */
function serversOf(name: keyof ServicePorts, stack: StackEnv): Record<string, string | undefined> {
  const { RABBITMQ_URL, RABBITMQ_RELAY_URL = RABBITMQ_URL, RABBITMQ_QUERY_URL = RABBITMQ_URL } = stack
  const { POSTGRES_URL, POSTGRES_RELAY_URL, POSTGRES_OWNER_URL, MONGO_URL } = stack
  const none = {
    POSTGRES_URL: undefined,
    POSTGRES_RELAY_URL: undefined,
    POSTGRES_OWNER_URL: undefined,
    RABBITMQ_URL: undefined,
    MONGO_URL: undefined,
  }
  switch (name) {
    case 'command':
      return { ...none, POSTGRES_URL }
    case 'relay':
      return { ...none, POSTGRES_RELAY_URL, POSTGRES_OWNER_URL, RABBITMQ_URL: RABBITMQ_RELAY_URL }
    case 'query':
      return { ...none, MONGO_URL, RABBITMQ_URL: RABBITMQ_QUERY_URL }
    default:
      return name satisfies never
  }
}

/** What is common to the services, and what migrating takes. */
function serviceEnv(stack: StackEnv, ports: ServicePorts): Record<string, string | undefined> {
  const { POSTGRES_OWNER_URL, POSTGRES_URL, POSTGRES_RELAY_URL } = stack
  return {
    COMMAND_PUBLIC_URL: `http://localhost:${ports.command}`,
    QUERY_PUBLIC_URL: `http://localhost:${ports.query}`,
    ...process.env,
    POSTGRES_OWNER_URL,
    POSTGRES_URL,
    POSTGRES_RELAY_URL,
    COMMAND_PORT: `${ports.command}`,
    RELAY_PORT: `${ports.relay}`,
    QUERY_PORT: `${ports.query}`,
  }
}

import { join, resolve } from 'node:path'
import { type Interruption, aborted, interruption } from '../interruption.ts'
import { liveFigures, statusLine } from '../live-figures.ts'
import { readyScreen } from '../ready-screen.ts'
import { type ServicePorts, portsTaken, servicePorts } from '../service-ports.ts'
import { Service } from '../services.ts'
import { type Stack, type StackEnv, startStack } from '../stack/index.ts'
import { type Progress, progressOn } from '../stack/progress.ts'
import { run as runCommand } from '../stack/run.ts'
import { explained } from '../stack/requirements.ts'
import { announce, stackDir } from '../stack/running.ts'
import { waitFor } from '../wait.ts'

const HELP = `usage: npm start

Runs the whole system: PostgreSQL, RabbitMQ and MongoDB, the command service, the relay and the query service.
Settings, from the environment or .env: COMMAND_PORT, QUERY_PORT, RELAY_PORT; STACK_DIR, the folder of the data;
POSTGRES_URL with POSTGRES_RELAY_URL and POSTGRES_OWNER_URL, RABBITMQ_URL, MONGO_URL for servers of your own.`

const READY_TIMEOUT_MS = 60_000
const REFRESH_MS = 1_000
const GRACE_MS = 10_000
/** Our parent is gone, and with it whoever would wait for us. */
const URGENT_GRACE_MS = 4_000

export async function run(args: string[]): Promise<number> {
  if (args.length > 0) {
    console.log(HELP)
    return args[0] === '--help' ? 0 : 2
  }
  const ports = servicePorts(process.env)
  const taken = await portsTaken(ports)
  if (taken) {
    console.error(`\n${taken}`)
    return 1
  }
  const signal = interruption()
  const progress = progressOn(process.stdout)
  const running = new Running(resolve(stackDir()), ports, progress, signal)
  try {
    await running.start()
    await running.untilInterrupted()
  } catch (error) {
    if (!signal.aborted) progress.line(`\n ${explained(error)}`)
    await running.stop()
    return signal.aborted ? 130 : 1
  }
  await running.stop()
  return 0
}

class Running {
  private stack: Stack | undefined
  private services: Service[] = []
  private retract = () => {}

  constructor(
    private readonly dataDir: string,
    private readonly ports: ServicePorts,
    private readonly progress: Progress,
    private readonly signal: AbortSignal,
  ) {}

  async start(): Promise<void> {
    const { dataDir, progress, signal } = this
    this.stack = await startStack({ dataDir, progress, signal })
    this.retract = announce(dataDir, this.stack)
    const env = serviceEnv(this.stack.env, this.ports)
    if (env.POSTGRES_OWNER_URL) {
      const migrations = progress.step('migrations')
      await runCommand([process.execPath, join(import.meta.dir, '../main.ts'), 'migrate'], { env, signal })
      migrations.done()
    }
    const step = progress.step('services')
    for (const name of ['command', 'relay', 'query'] as const) {
      const logFile = join(dataDir, 'logs', `${name}.log`)
      const onProblem = (text: string) => progress.line(` ! ${text}`)
      this.services.push(new Service({ name, port: this.ports[name], env, logFile, onProblem }))
    }
    for (const service of this.services) service.start()
    await this.untilReady(step.note)
    step.done('command, relay, query')
    progress.line(readyScreen(this.ports, this.stack, dataDir))
  }

  async untilInterrupted(): Promise<void> {
    const [command, relay, query] = this.services.map((service) => service.url) as [string, string, string]
    const figures = liveFigures({ command, relay, query })
    const ended = aborted(this.signal)
    // A rate needs two readings.
    await figures()
    for (;;) {
      await Promise.race([Bun.sleep(REFRESH_MS), ended])
      if (this.signal.aborted) return
      const line = statusLine(await figures())
      if (!this.signal.aborted) this.progress.status(line)
    }
  }

  /** Services first: what they still write needs the servers. */
  async stop(): Promise<void> {
    const urgent = (this.signal.reason as Interruption | undefined)?.urgent
    this.progress.status('')
    const step = this.progress.step('stop')
    await Promise.all(this.services.map((service) => service.stop(urgent ? URGENT_GRACE_MS : GRACE_MS)))
    step.note('servers')
    await this.stack?.stop()
    this.retract()
    if (this.stack) step.done('nothing is left running')
    this.progress.close()
  }

  private async untilReady(note: (text: string) => void): Promise<void> {
    const waiting = new Set(this.services)
    const check = async () => {
      this.signal.throwIfAborted()
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
      aborted(this.signal).then((reason) => Promise.reject(reason)),
    ])
  }
}

/** The services get what they need to connect, and not the superuser's login. */
function serviceEnv(stack: StackEnv, ports: ServicePorts): Record<string, string | undefined> {
  const { POSTGRES_ADMIN_URL: _, RABBITMQ_API_URL: __, ...urls } = stack
  return {
    COMMAND_PUBLIC_URL: `http://localhost:${ports.command}`,
    QUERY_PUBLIC_URL: `http://localhost:${ports.query}`,
    ...process.env,
    ...urls,
    COMMAND_PORT: `${ports.command}`,
    RELAY_PORT: `${ports.relay}`,
    QUERY_PORT: `${ports.query}`,
  }
}

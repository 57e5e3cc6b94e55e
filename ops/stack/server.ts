import { backoffMs } from '../../shared/process/backoff.ts'
import { type Ports, choosePorts, isFree } from './ports.ts'
import type { StackEnv } from './index.ts'
import type { Sandbox } from './sandbox.ts'

export type ServerName = 'postgres' | 'rabbitmq' | 'mongo'

export interface Server {
  readonly name: ServerName
  /** What runs, with its version; 'external' where it is not ours. */
  readonly product: string
  readonly external: boolean
  readonly port: number
  /** Resolves when the server answers. Does nothing when it runs. The port stays what it was. */
  start(): Promise<void>
  stop(): Promise<void>
  /** To the server's own processes. One that ends it leaves it down until `start()`. */
  signal(signal: NodeJS.Signals): void
  /** Its own administration tool, where it has one. @throws with what the tool said when it fails */
  control?(args: readonly string[]): Promise<void>
}

/** What one kind of server needs to run. */
export interface ServerRecipe<P extends Ports & { main: number }> {
  name: ServerName
  preferred: P
  /**
   * Starts it on these ports and resolves with its product's name when it answers. Every sandbox is handed over before
   * it is waited for; rejects when one ends before it is ready.
   */
  launch(ports: P, started: (sandbox: Sandbox) => void): Promise<string>
  /** The settings by which the system finds it there. */
  env(ports: P): Partial<StackEnv>
  /** Its own administration tool. */
  control?(ports: P, args: readonly string[]): Promise<void>
}

export interface ServerOptions {
  /** Ends it hard: its data is not needed any more. */
  throwaway: boolean
  onProblem(text: string): void
}

const ATTEMPTS = 5
const STOP_TIMEOUT_MS = 8_000
const BACKOFF = { baseMs: 500, maxMs: 30_000 }
/** A server that ran this long was healthy: its next crash starts the backoff anew. */
const HEALTHY_MS = 60_000

/** A server of the stack: started with retries, watched, and started again when it dies by itself. */
export class LocalServer<P extends Ports & { main: number }> implements Server {
  readonly external = false
  product = ''
  private ports: P | undefined
  private sandboxes: Sandbox[] = []
  private wanted = false
  private up = false
  private crashes = 0
  private upSince = 0
  private turn: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly recipe: ServerRecipe<P>,
    private readonly options: ServerOptions,
  ) {}

  get name(): ServerName {
    return this.recipe.name
  }

  get port(): number {
    return this.portsInUse.main
  }

  get env(): Partial<StackEnv> {
    return this.recipe.env(this.portsInUse)
  }

  start(): Promise<void> {
    this.wanted = true
    return this.inTurn(() => this.launch())
  }

  stop(): Promise<void> {
    this.wanted = false
    if (!this.up) for (const sandbox of this.sandboxes) sandbox.kill()
    return this.inTurn(() => this.end())
  }

  signal(signal: NodeJS.Signals): void {
    // It is down from now on, whenever we hear of its end.
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') this.wanted = this.up = false
    for (const sandbox of this.sandboxes) sandbox.signal(signal)
  }

  async control(args: readonly string[]): Promise<void> {
    if (!this.recipe.control) throw new Error(`${this.name} has no administration tool here`)
    await this.recipe.control(this.portsInUse, args)
  }

  private get portsInUse(): P {
    if (!this.ports) throw new Error(`${this.name} was never started`)
    return this.ports
  }

  private async launch(): Promise<void> {
    if (this.up && this.sandboxes.every((sandbox) => sandbox.running)) return
    await this.end()
    for (let attempt = 1; ; attempt++) {
      const ports = this.ports ?? (await choosePorts(this.recipe.preferred))
      try {
        this.product = await this.recipe.launch(ports, (sandbox) => this.sandboxes.push(sandbox))
        this.ports = ports
        break
      } catch (error) {
        await this.end()
        // Somebody took a port between our look and the server's bind: that is worth another try, elsewhere where the
        // port is not promised to anybody yet.
        const raced = (await Promise.all(Object.values(ports).map((port) => isFree(port)))).includes(false)
        if (!this.wanted || !raced || attempt === ATTEMPTS) throw error
      }
    }
    this.up = true
    this.upSince = performance.now()
    for (const sandbox of this.sandboxes) void sandbox.exited.then(() => this.onExit(sandbox))
  }

  private async end(): Promise<void> {
    this.up = false
    // In reverse: what was started last stands on what was started before.
    for (const sandbox of this.sandboxes.splice(0).toReversed()) {
      if (this.options.throwaway) sandbox.kill()
      await sandbox.stop(STOP_TIMEOUT_MS)
    }
  }

  private onExit(sandbox: Sandbox): void {
    if (!this.up || !this.sandboxes.includes(sandbox)) return
    this.up = false
    if (!this.wanted) return
    if (performance.now() - this.upSince > HEALTHY_MS) this.crashes = 0
    this.restart(`ended by itself (${sandbox.exitReason})`)
  }

  private restart(problem: string): void {
    const delayMs = backoffMs(this.crashes++, BACKOFF, Math.random())
    this.options.onProblem(
      `${this.product} ${problem}; starting it again in ${(delayMs / 1000).toFixed(1)} s`,
    )
    setTimeout(() => {
      if (!this.wanted || this.up) return
      this.inTurn(() => this.launch()).then(
        () => this.options.onProblem(`${this.product} is back`),
        (error: Error) => this.wanted && this.restart(`did not start: ${error.message}`),
      )
    }, delayMs).unref()
  }

  /** One change at a time. */
  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = this.turn.then(work, work)
    this.turn = next.catch(() => {})
    return next
  }
}

import type { ServerName, World } from '../faults/world/world.ts'

/** What is away while the services are tried. */
export interface State {
  readonly name: string
  readonly away: ServerName | undefined
  /** Beside this file. */
  readonly config: string
}

export const states: readonly State[] = [
  { name: 'healthy', away: undefined, config: 'schemathesis.toml' },
  { name: 'broker down', away: 'rabbitmq', config: 'schemathesis-down.toml' },
  { name: 'PostgreSQL down', away: 'postgres', config: 'schemathesis-down.toml' },
]

/** Takes the networks to the server down, for as long as the work goes on; every process sees it gone. */
export async function during<T>({ away }: State, world: World, work: () => Promise<T>): Promise<T> {
  const networks = away === undefined ? [] : world.proxies(away)
  for (const network of networks) await network.down()
  try {
    return await work()
  } finally {
    for (const network of networks) await network.up()
    await Promise.all(world.replicas.map((replica) => replica.untilGreen('ready')))
  }
}

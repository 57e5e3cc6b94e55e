import { resolve } from 'node:path'
import { interruption } from '../interruption.ts'
import { followFigures } from '../live-figures.ts'
import { readyScreen } from '../ready-screen.ts'
import { portsTaken, servicePorts } from '../service-ports.ts'
import { progressOn } from '../stack/progress.ts'
import { explained } from '../stack/requirements.ts'
import { stackDir } from '../stack/running.ts'
import { LocalSystem } from '../system.ts'

const HELP = `usage: npm start

Runs the whole system: PostgreSQL, RabbitMQ and MongoDB, the command service, the relay and the query service.
Settings, from the environment or .env: COMMAND_PORT, QUERY_PORT, RELAY_PORT; STACK_DIR, the folder of the data;
POSTGRES_URL with POSTGRES_RELAY_URL and POSTGRES_OWNER_URL, RABBITMQ_URL, MONGO_URL for servers of your own.`

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
  const dataDir = resolve(stackDir())
  const system = new LocalSystem({ dataDir, ports, progress, signal })
  try {
    await system.start()
    progress.line(readyScreen(ports, system.stack, dataDir))
    await followFigures(system.urls, progress, signal)
  } catch (error) {
    if (!signal.aborted) progress.line(`\n ${explained(error)}`)
    await system.stop()
    return signal.aborted ? 130 : 1
  }
  await system.stop()
  return 0
}

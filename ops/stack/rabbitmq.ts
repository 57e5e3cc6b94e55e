import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { makeBrokerUsers } from '../broker-users.ts'
import type { PlaceOptions } from './postgres.ts'
import { runInSandbox, Sandbox } from './sandbox.ts'
import type { ServerRecipe } from './server.ts'

const START_TIMEOUT_MS = 90_000

interface RabbitPorts extends Record<string, number> {
  main: number
  management: number
  distribution: number
  epmd: number
}

/** With the management plugin. Guest may do everything, relay and query what they need. */
export function rabbitmq({ rootfs, dir, logFile, throwaway }: PlaceOptions): ServerRecipe<RabbitPorts> {
  return {
    name: 'rabbitmq',
    preferred: { main: throwaway ? 0 : 5672, management: throwaway ? 0 : 15_672, distribution: 0, epmd: 0 },
    async launch(ports, started) {
      await mkdir(dir, { recursive: true })
      await writeFile(join(dir, 'rabbitmq.conf'), configuration(ports))
      await writeFile(join(dir, 'enabled_plugins'), '[rabbitmq_management].\n')
      const logBefore = (await readFile(logFile, 'utf8').catch(() => '')).length
      const sandbox = new Sandbox({
        rootfs,
        dataDir: dir,
        logFile,
        user: 'rabbitmq',
        lockFile: `${dir}.lock`,
        stopSignal: 'SIGTERM',
        command: ['/usr/lib/rabbitmq/bin/rabbitmq-server'],
        env: environment(ports),
      })
      started(sandbox)
      // Its own word, not a look at the port, where somebody else may answer.
      const isUp = async () =>
        (await readFile(logFile, 'utf8')).slice(logBefore).includes('Server startup complete') &&
        sandbox.listensOn(ports.main)
      await sandbox.waitReady(isUp, START_TIMEOUT_MS)
      await makeBrokerUsers(apiUrl(ports), {
        relay: brokerUrl('relay', ports),
        query: brokerUrl('query', ports),
      })
      return `RabbitMQ ${await version(ports)}`
    },
    control: (ports, args) =>
      runInSandbox({
        rootfs,
        dataDir: dir,
        logFile,
        user: 'rabbitmq',
        lockFile: `${dir}.control.lock`,
        command: ['/usr/lib/rabbitmq/bin/rabbitmqctl', ...args],
        env: environment(ports),
      }),
    env: (ports) => ({
      RABBITMQ_URL: brokerUrl('guest', ports),
      RABBITMQ_RELAY_URL: brokerUrl('relay', ports),
      RABBITMQ_QUERY_URL: brokerUrl('query', ports),
      RABBITMQ_API_URL: apiUrl(ports),
    }),
  }
}

/** The user's name is the password, and only this machine can connect. */
const brokerUrl = (user: 'guest' | 'relay' | 'query', { main }: RabbitPorts) =>
  `amqp://${user}:${user}@127.0.0.1:${main}`
const apiUrl = ({ management }: RabbitPorts) => `http://guest:guest@127.0.0.1:${management}`

function configuration({ main, management }: RabbitPorts): string {
  return `listeners.tcp.1 = 127.0.0.1:${main}
management.tcp.ip = 127.0.0.1
management.tcp.port = ${management}
disk_free_limit.absolute = 100MB
vm_memory_high_watermark.absolute = 1GB
log.console = true
log.console.level = info
log.file = false
`
}

function environment({ distribution, epmd }: RabbitPorts): Record<string, string> {
  return {
    RABBITMQ_CONFIG_FILE: '/data/rabbitmq.conf',
    RABBITMQ_ENABLED_PLUGINS_FILE: '/data/enabled_plugins',
    RABBITMQ_MNESIA_BASE: '/data/nodes',
    RABBITMQ_LOGS: '-',
    // A name, a mapper and a port of its own: it knows nothing of another RabbitMQ on this machine.
    RABBITMQ_NODENAME: 'outbox-cqrs@localhost',
    RABBITMQ_DIST_PORT: `${distribution}`,
    ERL_EPMD_PORT: `${epmd}`,
    ERL_EPMD_ADDRESS: '127.0.0.1',
    // No busy waiting: the machine is shared with everything else of the stack.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS:
      '-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +sbwtdcpu none +sbwtdio none',
  }
}

async function version({ management }: RabbitPorts): Promise<string> {
  const headers = { authorization: `Basic ${btoa('guest:guest')}` }
  const answer = await fetch(`http://127.0.0.1:${management}/api/overview`, { headers })
  return ((await answer.json()) as { rabbitmq_version: string }).rabbitmq_version
}

import { relative } from 'node:path'
import type { ServicePorts } from './service-ports.ts'
import type { Stack } from './stack/index.ts'

/** All that somebody needs who sees the system for the first time. */
export function readyScreen(ports: ServicePorts, { env, servers }: Stack, dataDir: string): string {
  const [command, query] = [`http://localhost:${ports.command}`, `http://localhost:${ports.query}`]
  const nearby = relative(process.cwd(), dataDir)
  const shown = nearby.startsWith('..') ? dataDir : nearby
  // The password of a broker that is not ours is nobody's business.
  const broker = new URL(env.RABBITMQ_API_URL)
  const rabbitmq = servers.rabbitmq.external
    ? ''
    : `\n   RabbitMQ  ${broker.origin.padEnd(24)} as  guest, guest`
  return `
   The system is up.

   Command   ${command.padEnd(24)} API  ${command}/swagger
   Query     ${query.padEnd(24)} API  ${query}/swagger
   Relay     http://localhost:${ports.relay}/health/pipeline${rabbitmq}

   Create a user, and read it back:

     curl -i ${command}/users -H 'content-type: application/json' \\
       -d '{"first_name":"Ada","last_name":"Lovelace","email":"ada@example.com"}'

     curl '${query}/users?email=ada@example.com'

   Logs and data are in ${shown}. Ctrl-C stops everything; the data stays.
`
}

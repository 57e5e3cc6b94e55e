const TIMEOUT_MS = 3_000
const PORTS: Record<string, string> = {
  command: process.env.COMMAND_PORT || '3000',
  query: process.env.QUERY_PORT || '3001',
  relay: process.env.RELAY_PORT || '3002',
}
const HELP = `usage: healthcheck <command|relay|query|URL>

Asks /health/ready. Exit code 0 when it answers 200 within ${TIMEOUT_MS / 1000} s, else 1.`

export async function run([target]: string[]): Promise<number> {
  if (!target || target === '--help') {
    console.log(HELP)
    return target ? 0 : 2
  }
  const origin = PORTS[target] ? `http://127.0.0.1:${PORTS[target]}` : target
  if (!URL.canParse(origin)) {
    console.error(`neither a role nor a URL: ${target}`)
    return 2
  }
  try {
    const answer = await fetch(new URL('/health/ready', origin), { signal: AbortSignal.timeout(TIMEOUT_MS) })
    if (answer.ok) return 0
    console.error(`${origin} answers ${answer.status}`)
  } catch (error) {
    console.error(`${origin} does not answer: ${(error as Error).message}`)
  }
  return 1
}

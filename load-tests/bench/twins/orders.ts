import { createInterface } from 'node:readline'

/** Says that the process is ready, then answers each line of JSON with one. Whatever fails ends the process. */
export async function answerOrders<Order>(work: (order: Order) => Promise<object>): Promise<void> {
  process.stdout.write('"ready"\n')
  for await (const line of createInterface({ input: process.stdin }))
    process.stdout.write(`${JSON.stringify(await work(JSON.parse(line) as Order))}\n`)
  process.exit(0)
}

/** @throws where it is not set: the harness sets all of them */
export function setting(name: string): string {
  const value = process.env[name]
  if (!value) throw new Error(`${name} is not set`)
  return value
}

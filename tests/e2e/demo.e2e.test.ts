import { expect, test } from 'bun:test'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

test('the demo loses nothing while the broker is killed and comes back', async () => {
  const child = Bun.spawn([process.execPath, 'ops/main.ts', 'demo', '--seconds', '12'], {
    cwd: root,
    env: {
      ...process.env,
      // A server of somebody's: the demo must not touch it.
      RABBITMQ_URL: 'amqp://127.0.0.1:1',
      IDEMPOTENCY_KEY_REQUIRED: '1',
      IF_MATCH_REQUIRED: '1',
    },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const output = await new Response(child.stdout).text()
  const count = (pattern: RegExp) => Number(pattern.exec(output)?.[1])
  expect(count(/failed +(\d+)/), output).toBe(0)
  expect(count(/lost +(\d+)/)).toBe(0)
  expect(count(/acknowledged +(\d+)/)).toBe(count(/sent +(\d+)/))
  expect(count(/of them (\d+) while the broker was away/)).toBeGreaterThan(100)
  expect(output).toMatch(/visible +(\d+) of \1 users/)
  expect(await child.exited).toBe(0)
}, 120_000)

test('the demo tells how it is used', async () => {
  const child = Bun.spawn([process.execPath, 'ops/main.ts', 'demo', '--seconds', 'many'], {
    cwd: root,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  expect(await new Response(child.stdout).text()).toContain('--seconds N')
  expect(await child.exited).toBe(2)
})

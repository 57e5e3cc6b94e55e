import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { faults } from '../../ops/faults/matrix/index.ts'

async function call(...args: string[]) {
  const child = Bun.spawn([process.execPath, 'ops/main.ts', 'faults', ...args], {
    cwd: join(import.meta.dirname, '../..'),
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ])
  return { code: await child.exited, output, errors }
}

test('npm run faults -- --list tells of every fault, without a server', async () => {
  const { code, output } = await call('--list')
  expect(code).toBe(0)
  for (const { id, title } of faults) expect(output).toContain(`${id.padEnd(4)} ${title}`)
})

test('what it is not told rightly it does not do', async () => {
  for (const args of [['--only', 'F99'], ['--seed', 'x'], ['--what']]) {
    const { code, errors } = await call(...args)
    expect([args, code]).toEqual([args, 2])
    expect(errors).toContain('usage: npm run faults')
  }
})

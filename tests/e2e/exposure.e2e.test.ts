import { expect, test } from 'bun:test'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

for (const role of ['command', 'relay', 'query'])
  test(`S21 ${role} does not listen beyond this machine without authentication, unless told to`, async () => {
    const child = Bun.spawn([process.execPath, 'ops/main.ts', role], {
      cwd: root,
      env: { PATH: process.env['PATH'] ?? '', HOST: '0.0.0.0' },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    const [code, output, errors] = await Promise.all([
      child.exited,
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ])
    expect([code, output]).toEqual([78, ''])
    expect(errors).toContain('set ALLOW_UNAUTHENTICATED=1')
  })

import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** A verb as `npm run` calls it, to its end. */
export async function callVerb(
  verb: string,
  ...args: string[]
): Promise<{ code: number; output: string; errors: string }> {
  const child = Bun.spawn([process.execPath, 'ops/main.ts', verb, ...args], {
    cwd: root,
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

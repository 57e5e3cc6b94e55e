import { join } from 'node:path'

const root = join(import.meta.dirname, '../../..')

export interface Answer {
  readonly exitCode: number
  /** Standard output alone. */
  readonly text: string
  readonly complaints: string
}

/** One verb as a process of its own, the way the image runs it, without a terminal. */
export async function ops(args: readonly string[], env: Readonly<Record<string, string>>): Promise<Answer> {
  return ended(spawnOps(args, env))
}

export function spawnOps(args: readonly string[], env: Readonly<Record<string, string>>) {
  return Bun.spawn([process.execPath, join(root, 'ops/main.ts'), 'ops', ...args], {
    // No .env, and no stack of anybody's.
    cwd: import.meta.dirname,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
}

export async function ended(child: ReturnType<typeof spawnOps>): Promise<Answer> {
  const [text, complaints, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  return { exitCode, text, complaints }
}

import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

const ROOT = join(import.meta.dir, '../..')

/** What is tried: results of another commit, or of changed files, are not its results. */
export function commitNow(): string {
  const git = (...args: string[]) =>
    spawnSync('git', args, { cwd: ROOT, encoding: 'utf8' }).stdout?.trim() ?? ''
  const changes = git('diff', 'HEAD')
  return `${git('rev-parse', '--short', 'HEAD')}${changes ? `+${Bun.hash(changes).toString(36)}` : ''}`
}

import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startTime } from './running.ts'

const PREFIX = 'outbox-cqrs-run-'

/**
 * A folder for one run. It is removed at the end; those of runs that were killed before they could are removed by the
 * next one, which sees that their process is gone.
 */
export async function makeThrowawayDir(): Promise<{ path: string; remove(): Promise<void> }> {
  await removeAbandoned()
  const path = await mkdtemp(join(tmpdir(), PREFIX))
  await writeFile(join(path, 'owner'), `${process.pid} ${startTime(process.pid)}`)
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

async function removeAbandoned(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(PREFIX)) continue
    const path = join(tmpdir(), name)
    const [pid, startedAt] = (await readFile(join(path, 'owner'), 'utf8').catch(() => '')).split(' ')
    // Without a word about its owner it is just being made, or another user's.
    if (pid && startTime(Number(pid)) !== startedAt)
      await rm(path, { recursive: true, force: true }).catch(() => {})
  }
}

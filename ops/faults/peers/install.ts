import { copyFile, mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedPart } from '../../stack/cache.ts'
import { lazyStep, type Progress } from '../../stack/progress.ts'
import { run } from '../../stack/run.ts'

/** Their sources and packages, which are none of the project's. */
export const PEERS = join(import.meta.dir, '../../../load-tests/bench/peers')
const ENTRIES = ['outbox/setup', 'outbox/relay', 'outbox/service', 'nest/service', 'nestjs-outbox/service']

/** Installs and transpiles the peers once, into the cache. @returns the folder, where Node finds `outbox-relay.mjs` and so on */
export async function installPeers(progress: Progress, signal: AbortSignal): Promise<string> {
  const step = lazyStep(progress, 'peers')
  const place = await cachedPart({
    name: `peers-${await sourcesHash()}`,
    signal,
    onWait: () => step().note('another run is making them'),
    async make(target) {
      step().note('installing packages')
      await mkdir(target, { recursive: true })
      for (const file of ['package.json', 'bun.lock', 'schema.sql'])
        await copyFile(join(PEERS, file), join(target, file))
      const bun = process.execPath
      await run([bun, 'install', '--frozen-lockfile'], { signal, cwd: target })
      for (const entry of ENTRIES)
        await run(
          [
            bun,
            'build',
            join(PEERS, `${entry}.ts`),
            '--target=node',
            '--packages=external',
            `--outfile=${target}/${entry.replace('/', '-')}.mjs`,
          ],
          { signal, cwd: PEERS },
        )
      for (const [file, listener] of [
        ['outbox.sql', 'polling'],
        ['outbox-replication.sql', 'replication'],
      ] as const)
        await Bun.write(
          join(target, file),
          await run(['node', 'outbox-setup.mjs', listener], { signal, cwd: target }),
        )
    },
  })
  step.done('installed')
  return place
}

async function sourcesHash(): Promise<string> {
  const names = (await readdir(PEERS, { recursive: true })).filter((name) =>
    /\.(ts|json|sql|lock)$/.test(name),
  )
  const texts = await Promise.all(names.toSorted().map((name) => readFile(join(PEERS, name), 'utf8')))
  return Bun.hash(texts.join('\0')).toString(36)
}

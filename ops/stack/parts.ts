import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDir, cachedPart } from './cache.ts'
import type { GoProgram } from './go-program.ts'
import { type Progress, lazyStep } from './progress.ts'
import { buildCommands, installCommands, requireSubordinateIds } from './requirements.ts'
import { run } from './run.ts'

/** What makes the root file system what it is: a change here makes another one. */
const ROOTFS_RECIPE = {
  suite: 'forky',
  packages: ['postgresql-18-documentdb', 'rabbitmq-server'],
  leftOut: ['/usr/share/man/*', '/usr/share/doc/*', '/usr/share/locale/*', '/usr/share/info/*'],
  steps: 1,
}

export const FERRETDB: GoProgram = {
  title: 'FerretDB',
  binary: 'ferretdb',
  version: '2.7.0',
  module: 'github.com/FerretDB/FerretDB/v2/cmd/ferretdb',
  otherwise: 'put a `mongod` on PATH; or set MONGO_URL',
}

export function rootfsName(): string {
  const recipe = JSON.stringify([ROOTFS_RECIPE, process.arch])
  return `rootfs-${new Bun.CryptoHasher('sha256').update(recipe).digest('hex').slice(0, 12)}`
}

/** Where it is once it was made. */
export const rootfsPlace = () => join(cacheDir(), rootfsName())

/** The servers of the stack as Debian packages them, in a folder that holds a whole small system. */
export async function rootfs(progress: Progress, signal: AbortSignal): Promise<string> {
  const step = lazyStep(progress, 'root file system')
  const place = await cachedPart({
    name: rootfsName(),
    signal,
    onWait: () => step().note('another start is making it'),
    async make(target) {
      step().note('installing what it takes to make one')
      await installCommands(buildCommands(), signal, step().note)
      requireSubordinateIds()
      const mirror = await debianMirror()
      await mkdir(target)
      await run(['bash', '-c', EXTRACT, 'bash', target, ...mmdebstrap(mirror)], {
        signal,
        failureLog: `${target}.log`,
        onLine: (line) => line.startsWith('I: ') && step().note(line.slice(3).replace(/\.+$/, '')),
      })
      await mkdir(join(target, 'data'))
      await writeFile(join(target, 'etc/hosts'), '127.0.0.1 localhost\n')
    },
  })
  step.done('PostgreSQL 18, RabbitMQ 4.3')
  return place
}

// When the process that started this is gone, it gets a SIGTERM, which it hands on to the rest of its group.
// Files of a root file system belong to several users; here all are the caller's, who is the server's user inside.
const EXTRACT = `set -euo pipefail
target=$1; shift
trap 'trap - TERM; kill 0' TERM
"$@" | tar --extract --directory="$target" --no-same-owner --exclude='./dev/*' &
wait $!
chmod --recursive u+rwX "$target"`

function mmdebstrap(mirror: string[]): string[] {
  return [
    'mmdebstrap',
    '--variant=minbase',
    '--format=tar',
    `--include=${ROOTFS_RECIPE.packages.join(',')}`,
    '--aptopt=APT::Install-Recommends "false"',
    // A mirror that lags is good enough.
    '--aptopt=Acquire::Check-Valid-Until "false"',
    ...ROOTFS_RECIPE.leftOut.map((path) => `--dpkgopt=path-exclude=${path}`),
    ROOTFS_RECIPE.suite,
    '-',
    ...mirror,
  ]
}

/** The mirror that this machine uses already; none where it is no Debian: then mmdebstrap has its own. */
export async function debianMirror(): Promise<string[]> {
  const indexes = await run(['apt-get', 'indextargets', '--format', '$(REPO_URI)']).catch(() => '')
  return indexes
    .split('\n')
    .filter((uri) => /\/debian\/?$/.test(uri))
    .slice(0, 1)
}

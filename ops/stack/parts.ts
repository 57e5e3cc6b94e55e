import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cacheDir, cachedPart } from './cache.ts'
import type { Progress } from './progress.ts'
import { buildCommands, installCommands, requireGo, requireSubordinateIds } from './requirements.ts'
import { run } from './run.ts'

/** What makes the root file system what it is: a change here makes another one. */
const ROOTFS_RECIPE = {
  suite: 'forky',
  packages: ['postgresql-18-documentdb', 'rabbitmq-server'],
  leftOut: ['/usr/share/man/*', '/usr/share/doc/*', '/usr/share/locale/*', '/usr/share/info/*'],
  steps: 1,
}

export const FERRETDB_VERSION = '2.7.0'
const FERRETDB_MODULE = `github.com/FerretDB/FerretDB/v2/cmd/ferretdb@v${FERRETDB_VERSION}`

export function rootfsName(): string {
  const recipe = JSON.stringify([ROOTFS_RECIPE, process.arch])
  return `rootfs-${new Bun.CryptoHasher('sha256').update(recipe).digest('hex').slice(0, 12)}`
}

/** Where it is once it was made. */
export const rootfsPlace = () => join(cacheDir(), rootfsName())

export const ferretdbName = () => `ferretdb-${FERRETDB_VERSION}-${process.arch}`

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

/** FerretDB's one static binary. */
export async function ferretdbBinary(progress: Progress, signal: AbortSignal): Promise<string> {
  const step = lazyStep(progress, 'FerretDB')
  const place = await cachedPart({
    name: ferretdbName(),
    signal,
    onWait: () => step().note('another start is making it'),
    async make(target) {
      step().note('downloading and compiling')
      await requireGo()
      const folder = `${target}-bin`
      await rm(folder, { recursive: true, force: true })
      await mkdir(folder)
      // Outside the checkout, and with no regard to a workspace or a cross build of whoever runs this.
      const env = {
        GOBIN: folder,
        CGO_ENABLED: '0',
        GOWORK: 'off',
        GOFLAGS: '-buildvcs=false',
        GOOS: '',
        GOARCH: '',
      }
      await run(['go', 'install', FERRETDB_MODULE], { signal, env, cwd: folder })
      await rename(join(folder, 'ferretdb'), target)
      await rm(folder, { recursive: true, force: true })
    },
  })
  step.done(`${FERRETDB_VERSION}, built`)
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
async function debianMirror(): Promise<string[]> {
  const indexes = await run(['apt-get', 'indextargets', '--format', '$(REPO_URI)']).catch(() => '')
  return indexes
    .split('\n')
    .filter((uri) => /\/debian\/?$/.test(uri))
    .slice(0, 1)
}

/** A step that is shown only when there is something to do. */
function lazyStep(progress: Progress, name: string) {
  let step: ReturnType<Progress['step']> | undefined
  const open = () => (step ??= progress.step(name))
  return Object.assign(open, { done: (result: string) => step?.done(result) })
}

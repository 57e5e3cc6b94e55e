import { join } from 'node:path'
import { cachedPart } from '../../../ops/stack/cache.ts'
import { debianMirror, rootfsPlace } from '../../../ops/stack/parts.ts'
import { lazyStep, type Progress } from '../../../ops/stack/progress.ts'
import { buildCommands, installCommands } from '../../../ops/stack/requirements.ts'
import { run } from '../../../ops/stack/run.ts'

const SUITE = 'forky'

/**
 * wrk: the one on PATH, or that the setting WRK names, else Debian's, unpacked into the cache with the libraries that it
 * needs. Nothing is installed on the machine, so an ordinary user can.
 * @returns the words that run it
 */
export async function wrkCommand(progress: Progress, signal: AbortSignal): Promise<string[]> {
  const path = process.env['WRK'] || Bun.which('wrk')
  if (path) return [path]
  const step = lazyStep(progress, 'wrk')
  const place = await cachedPart({
    name: `wrk-${SUITE}-${process.arch}`,
    signal,
    onWait: () => step().note('another run is unpacking it'),
    async make(target) {
      step().note('unpacking it')
      await installCommands(buildCommands(), signal, step().note)
      const options = ['--variant=extract', '--include=wrk', '--format=dir']
      const lagging = '--aptopt=Acquire::Check-Valid-Until "false"'
      await run(['mmdebstrap', ...options, lagging, SUITE, target, ...(await debianMirror())], { signal })
    },
  })
  step.done('unpacked')
  const libraries = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu'
  const loader = process.arch === 'arm64' ? 'lib/ld-linux-aarch64.so.1' : 'lib64/ld-linux-x86-64.so.2'
  const usr = join(place, 'usr')
  return [join(usr, loader), '--library-path', join(usr, 'lib', libraries), join(usr, 'bin/wrk')]
}

/** pgbench as the servers' own root file system has it, beside the PostgreSQL that it asks. */
export const pgbenchRootfs = rootfsPlace

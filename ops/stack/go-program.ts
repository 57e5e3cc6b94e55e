import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedPart } from './cache.ts'
import { type Progress, lazyStep } from './progress.ts'
import { requireGo } from './requirements.ts'
import { run } from './run.ts'

/** One static binary that Go's own tools download and compile. */
export interface GoProgram {
  title: string
  /** The file that `go install` makes. */
  binary: string
  version: string
  /** Without the version. */
  module: string
  /** What a person can do who has no Go. */
  otherwise: string
}

/** Its name in the cache. */
export const goProgramName = ({ binary, version }: GoProgram) => `${binary}-${version}-${process.arch}`

/** Built once, into the cache. @returns its path */
export async function goProgram(
  program: GoProgram,
  progress: Progress,
  signal: AbortSignal,
): Promise<string> {
  const { title, binary, version, module } = program
  const step = lazyStep(progress, title)
  const place = await cachedPart({
    name: goProgramName(program),
    signal,
    onWait: () => step().note('another start is making it'),
    async make(target) {
      step().note('downloading and compiling')
      await requireGo(program)
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
      let packages = 0
      const onLine = (line: string) => {
        if (!line.startsWith('go: ')) step().note(`compiling, ${++packages} packages so far`)
      }
      await run(['go', 'install', '-v', `${module}@v${version}`], { signal, env, cwd: folder, onLine })
      await rename(join(folder, binary), target)
      await rm(folder, { recursive: true, force: true })
    },
  })
  step.done(`${version}, built`)
  return place
}

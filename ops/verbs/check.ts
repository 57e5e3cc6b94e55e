import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

const HELP = `usage: npm run check

Type check, lint and format check of the tracked source.`

const root = `${import.meta.dir}/../..`
const FORMATTED = /\.(m?[jt]s|json)$/

export async function run(args: string[]): Promise<number> {
  if (args.length > 0) {
    console.log(HELP)
    return args[0] === '--help' ? 0 : 2
  }
  const bun = process.execPath
  const checks: [string, string[]][] = [
    ['types', [bun, 'check', '--no-script']],
    // Scripts of the pages: plain JavaScript, with the browser's types and not the server's.
    ['pages', [bun, 'check', '--no-script', '-p', 'shared/pages/browser']],
    ['lint', [`${root}/node_modules/.bin/oxlint`, '--deny-warnings']],
    ['format', [bun, 'fmt', '--no-script', '--check', ...trackedSource()]],
  ]
  let failures = 0
  for (const [name, argv] of checks) {
    const startedAt = performance.now()
    const { status, stdout, stderr } = spawnSync(argv[0]!, argv.slice(1), { cwd: root, encoding: 'utf8' })
    const seconds = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`
    console.log(` ${status === 0 ? '✓' : '✗'} ${name.padEnd(8)} ${seconds}`)
    if (status === 0) continue
    failures++
    console.log(`${stdout}${stderr}`.trimEnd())
  }
  return failures === 0 ? 0 : 1
}

/** What git knows, so that nobody's scratch file is in the way; all files where there is no git. */
function trackedSource(): string[] {
  const { status, stdout } = spawnSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
  if (status !== 0) return []
  return stdout.split('\0').filter((file) => FORMATTED.test(file) && existsSync(`${root}/${file}`))
}

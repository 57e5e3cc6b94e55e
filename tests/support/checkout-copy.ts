import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { root } from './processes.ts'

export interface CheckoutCopy {
  readonly path: string
  /** A script with `bash -e` in the copy. @throws when it fails */
  shell(script: string): void
  /** `--- file`, then hunks behind `@@` without line numbers. @throws when what is to be replaced does not stand there exactly once */
  edit(diff: string): Promise<void>
  read(path: string): Promise<string>
  /** Files that are new, changed or gone since the copy was made. */
  changed(): Promise<string[]>
  /** Files among `paths` whose code, comments aside, has `pattern`. */
  search(pattern: RegExp, paths: RegExp): Promise<string[]>
  /** Runs one of the copy's own programs, and waits for its end. */
  bun(args: readonly string[], env?: Readonly<Record<string, string>>): Ended
  remove(): Promise<void>
}

export interface Ended {
  readonly output: string
  /** Empty where the exit code was 0, else the end of the output. */
  readonly failure: string
}

/** The files that git has or would take, as they are now, with the packages of this checkout. */
export async function copyCheckout(): Promise<CheckoutCopy> {
  const path = await mkdtemp(join(tmpdir(), 'outbox-cqrs-copy-'))
  const files = filesOf(root)
  for (const file of files) await cp(join(root, file), join(path, file), { recursive: true })
  await symlink(join(root, 'node_modules'), join(path, 'node_modules'))
  const before = await hashes(path, files)

  return {
    path,
    shell(script) {
      const { status, stderr } = spawnSync('bash', ['-e', '-c', script], {
        cwd: path,
        encoding: 'utf8',
        env: { ...process.env, PATH: `${dirname(process.execPath)}:${process.env['PATH']}` },
      })
      if (status !== 0) throw new Error(`${script}\n${stderr}`)
    },
    async edit(diff) {
      const [head = '', ...lines] = diff.trimEnd().split('\n')
      const file = head.replace('--- ', '')
      let text = `\n${await readFile(join(path, file), 'utf8')}`
      for (const hunk of lines.join('\n').split(/^@@\n/m).filter(Boolean)) {
        const without = (sign: string) =>
          `\n${hunk.trimEnd()}\n`.replace(sign === '+' ? /\n\+.*/g : /\n-.*/g, '').replace(/\n[ +-]/g, '\n')
        const [from, to] = [without('+'), without('-')]
        const places = text.split(from).length - 1
        if (places !== 1) throw new Error(`${file} has ${places} places that read${from}`)
        text = text.replace(from, () => to)
      }
      await writeFile(join(path, file), text.slice(1))
    },
    read: (file) => readFile(join(path, file), 'utf8'),
    async changed() {
      const after = await hashes(path, everyFile())
      const all = new Set([...before.keys(), ...after.keys()])
      return [...all].filter((file) => before.get(file) !== after.get(file)).sort()
    },
    async search(pattern, paths) {
      const found: string[] = []
      for (const file of everyFile().filter((name) => paths.test(name))) {
        const text = await readFile(join(path, file), 'utf8')
        if (pattern.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, ''))) found.push(file)
      }
      return found.sort()
    },
    bun(args, env = {}) {
      const { status, stdout, stderr } = spawnSync(process.execPath, args, {
        cwd: path,
        encoding: 'utf8',
        timeout: 100_000,
        env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...env },
      })
      const output = `${stdout}${stderr}`
      return { output, failure: status === 0 ? '' : `exit code ${status}\n${output.slice(-3_000)}` }
    },
    remove: () => rm(path, { recursive: true, force: true }),
  }

  /** The copy knows no git: what is new stands beside what was there. */
  function everyFile(): string[] {
    const pattern = new Bun.Glob('**/*')
    return [...pattern.scanSync({ cwd: path, dot: true })].filter((file) => !file.startsWith('node_modules'))
  }
}

function filesOf(folder: string): string[] {
  const { stdout } = spawnSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
    cwd: folder,
    encoding: 'utf8',
  })
  const deleted = spawnSync('git', ['ls-files', '-z', '--deleted'], { cwd: folder, encoding: 'utf8' })
  const gone = new Set(deleted.stdout.split('\0'))
  return [...new Set(stdout.split('\0'))].filter((file) => file && !gone.has(file))
}

async function hashes(folder: string, files: readonly string[]): Promise<Map<string, string>> {
  const pairs = await Promise.all(
    files.map(async (file) => {
      const hash = createHash('sha256').update(await readFile(join(folder, file)))
      return [file, hash.digest('hex')] as const
    }),
  )
  return new Map(pairs)
}

import { existsSync, readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { run } from './run.ts'

/** Something that has to be there, and how to get it. */
export class Missing extends Error {
  constructor(
    what: string,
    readonly fix: string,
  ) {
    super(`${what}\n  fix: ${fix}`)
  }
}

/** For the person at the terminal. */
export function explained(error: unknown): string {
  const { message } = error as Error
  return error instanceof Missing ? `${message}\n\n \`npm run doctor\` checks all that is needed.` : message
}

/** Where the stack cannot run at all there are two ways round it. */
export const ELSEWHERE =
  'use Linux with user namespaces; or `docker compose up`; or servers of your own, named by POSTGRES_URL, ' +
  'POSTGRES_RELAY_URL, POSTGRES_OWNER_URL, RABBITMQ_URL and MONGO_URL'

const GO_MINIMUM = [1, 25] as const

/** Debian's packages, by the command that each brings. */
const PACKAGES: Record<string, string> = {
  bwrap: 'bubblewrap',
  mmdebstrap: 'mmdebstrap',
  newuidmap: 'uidmap',
  flock: 'util-linux',
  mount: 'mount',
  setpriv: 'util-linux',
  faketime: 'faketime',
}

export function requireLinux(): void {
  if (process.platform !== 'linux')
    throw new Missing(`the local stack needs Linux, this is ${process.platform}`, ELSEWHERE)
}

export async function requireNamespaces(): Promise<void> {
  requireCommands(['bwrap'])
  const probe = [
    'bwrap',
    '--unshare-user',
    '--unshare-pid',
    '--ro-bind',
    '/',
    '/',
    '--dev',
    '/dev',
    '--proc',
    '/proc',
    'true',
  ]
  await run(probe).catch((error: Error) => {
    throw new Missing(
      `no user namespaces here: ${error.message}`,
      `allow them (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0, user.max_user_namespaces=10000); ${ELSEWHERE}`,
    )
  })
}

export async function requireGo({ title, otherwise }: { title: string; otherwise: string }): Promise<string> {
  const [major, minor] = GO_MINIMUM
  const version = await run(['go', 'version']).catch(() => '')
  const found = /go(\d+)\.(\d+)/.exec(version)
  if (found && (Number(found[1]) > major || (Number(found[1]) === major && Number(found[2]) >= minor))) {
    return `Go ${found[1]}.${found[2]} will do it`
  }
  const what = `${title} is built with Go ${major}.${minor} or later; ${found ? `this is ${found[0]}` : 'there is no `go` on PATH'}`
  throw new Missing(what, `install Go; or ${otherwise}`)
}

/** An ordinary user makes the root file system with ids that the machine has set aside for him. */
export function requireSubordinateIds(): string {
  const { username, uid } = userInfo()
  if (uid === 0) return 'root needs none'
  for (const file of ['/etc/subuid', '/etc/subgid']) {
    const owners = (existsSync(file) ? readFileSync(file, 'utf8') : '')
      .split('\n')
      .map((line) => line.split(':')[0])
    if (owners.includes(username) || owners.includes(`${uid}`)) continue
    const ranges = '--add-subuids 1000000-1065535 --add-subgids 1000000-1065535'
    throw new Missing(`${file} sets no ids aside for ${username}`, `as root: usermod ${ranges} ${username}`)
  }
  return 'set aside'
}

/** Says that they are there, or which package brings what is not. */
export function requireCommands(commands: string[]): string {
  const missing = missingCommands(commands)
  if (missing.length > 0) throw new Missing(`missing: ${missing.join(', ')}`, installFix(missing))
  return `${commands.join(', ')} found`
}

function missingCommands(commands: string[]): string[] {
  return commands.filter((command) => !Bun.which(command, { PATH: `${process.env.PATH}:/usr/sbin:/sbin` }))
}

/** Commands that mmdebstrap's build needs besides itself; an ordinary user's ids are mapped by newuidmap. */
export function buildCommands(): string[] {
  return process.getuid?.() === 0 ? ['mmdebstrap', 'mount'] : ['mmdebstrap', 'mount', 'newuidmap']
}

/** Installs what is missing from Debian's packages: as root, or with a sudo that does not ask. */
export async function installCommands(
  commands: string[],
  signal: AbortSignal,
  onNote: (text: string) => void,
): Promise<void> {
  const missing = missingCommands(commands)
  if (missing.length === 0) return
  const packages = packagesOf(missing)
  const fix = installFix(missing)
  const what = `missing: ${missing.join(', ')}`
  const prefix = await rootPrefix(signal)
  if (!prefix || missingCommands(['apt-get']).length > 0) throw new Missing(what, fix)
  const apt = (...args: string[]) =>
    run([...prefix, 'env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args], { signal, onLine: onNote })
  const install = () => apt('install', '--yes', '--no-install-recommends', ...packages)
  try {
    await install().catch(async () => {
      signal.throwIfAborted()
      await apt('update')
      await install()
    })
  } catch (error) {
    signal.throwIfAborted()
    throw new Missing(`${what}; apt-get could not install it: ${(error as Error).message}`, fix)
  }
}

const packagesOf = (commands: string[]) => [
  ...new Set(commands.map((command) => PACKAGES[command] ?? command)),
]

const installFix = (commands: string[]) =>
  `as root: apt-get update && apt-get install --no-install-recommends ${packagesOf(commands).join(' ')}`

async function rootPrefix(signal: AbortSignal): Promise<string[] | undefined> {
  if (process.getuid?.() === 0) return []
  const sudo = await run(['sudo', '-n', 'true'], { signal }).then(
    () => true,
    () => false,
  )
  signal.throwIfAborted()
  return sudo ? ['sudo', '-n'] : undefined
}

#!/usr/bin/env node
// The way in on a fresh machine: plain Node, which gets Bun and the packages and hands over to ops/main.ts.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { constants, homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const version = packageManager.split('@')[1]
const cache = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'outbox-cqrs')

const PARENT_POLL_MS = 200
/** The child has this long to end by itself after our parent is gone. */
const PARENT_GONE_MS = 8_000

let child
let interrupted
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(signal))
const parent = process.ppid
const watch = setInterval(() => {
  if (process.ppid === parent) return
  clearInterval(watch)
  stop('SIGTERM')
  setTimeout(() => child?.kill('SIGKILL'), PARENT_GONE_MS).unref()
}, PARENT_POLL_MS)

try {
  const bun = findBun() ?? (await getBun())
  await installPackages(bun)
  // What runs there finds the same Bun by its name.
  const PATH = [bunFolder(bun), process.env.PATH].join(delimiter)
  const main = [join(root, 'ops/main.ts'), ...process.argv.slice(2)]
  process.exitCode = await run(bun, main, { stdio: 'inherit', env: { ...process.env, PATH } })
} catch (error) {
  if (!interrupted) console.error(`\n ${error.message}`)
  process.exitCode = interrupted ? 130 : 1
} finally {
  clearInterval(watch)
}

/** The right version on PATH, or the one that we fetched before. */
function findBun() {
  const onPath = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'bun'))
  return [...onPath, bunIn(join(cache, `bun-${version}`))].find(isRight)
}

async function getBun() {
  const place = join(cache, `bun-${version}`)
  return step(`Bun ${version}`, 'fetched by npm', async () => {
    mkdirSync(cache, { recursive: true })
    // Made beside its place and moved there when whole: two first starts do not meet half-way.
    const folder = mkdtempSync(`${place}.part-`)
    try {
      const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
      const install = [
        'install',
        '--prefix',
        folder,
        '--no-save',
        '--no-audit',
        '--no-fund',
        `bun@${version}`,
      ]
      await quietly(npm[0], [...npm.slice(1), ...install])
      if (!isRight(bunIn(folder)))
        throw new Error(`npm's package bun@${version} does not run on this machine`)
      if (!isRight(bunIn(place))) {
        rmSync(place, { recursive: true, force: true })
        renameSync(folder, place)
      }
      return bunIn(place)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
}

function bunIn(folder) {
  const names = ['bun.exe', 'bun'].map((name) => join(folder, 'node_modules/bun/bin', name))
  return names.find((name) => existsSync(name)) ?? names[0]
}

/** The folder that has it as `bun`: npm's package keeps the program itself under another name. */
function bunFolder(bun) {
  const links = join(dirname(bun), '../../.bin')
  return existsSync(join(links, 'bun')) ? links : dirname(bun)
}

function isRight(bun) {
  return existsSync(bun) && spawnSync(bun, ['--version'], { encoding: 'utf8' }).stdout?.trim() === version
}

/** Packages as the lockfile has them; the stamp says which lockfile they are from. */
async function installPackages(bun) {
  const stamp = join(root, 'node_modules/.installed-from')
  const lockfile = createHash('sha256')
    .update(readFileSync(join(root, 'bun.lock')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lockfile) return
  await step('packages', 'from bun.lock', async () => {
    await quietly(bun, ['install', '--frozen-lockfile'])
    writeFileSync(stamp, lockfile)
  })
}

async function step(name, result, work) {
  const startedAt = Date.now()
  const seconds = (digits) => `${((Date.now() - startedAt) / 1000).toFixed(digits)} s`
  const shown = process.stdout.isTTY
  const draw = () => process.stdout.write(`\r\x1b[2K · ${name} ${seconds(0)}`)
  const timer = shown ? setInterval(draw, 200) : undefined
  try {
    const value = await work()
    if (shown) process.stdout.write('\r\x1b[2K')
    console.log(` ✓ ${name.padEnd(22)} ${result.padEnd(34)} ${seconds(1).padStart(7)}`)
    return value
  } finally {
    clearInterval(timer)
  }
}

/** Runs a set-up command; its output is shown only when it fails. */
async function quietly(file, args) {
  const output = []
  const code = await run(file, args, { stdio: ['ignore', 'pipe', 'pipe'] }, (chunk) => output.push(chunk))
  if (code !== 0) throw new Error(`${file} ${args.join(' ')} failed (${code})\n${Buffer.concat(output)}`)
}

/** In a session of its own: a Ctrl-C reaches this process alone, which passes it on once. */
function run(file, args, options, onOutput = () => {}) {
  if (interrupted) throw new Error(interrupted)
  child = spawn(file, args, { cwd: root, detached: true, ...options })
  child.stdout?.on('data', onOutput)
  child.stderr?.on('data', onOutput)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal]))
  }).finally(() => (child = undefined))
}

function stop(signal) {
  interrupted ??= signal
  child?.kill(signal)
}

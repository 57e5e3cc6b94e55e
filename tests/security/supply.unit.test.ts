import { expect, test } from 'bun:test'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { composeFile } from '../../ops/compose/file.ts'

const root = join(import.meta.dirname, '../..')
const read = (path: string) => readFile(join(root, path), 'utf8')

test('S17 what is installed is what the lockfile has, here, in CI and in the image', async () => {
  const installs = (text: string) =>
    [...text.matchAll(/(?:bun|'?)[ ']?install['",]? ?[^\n]*/g)].map(([line]) => line)
  expect(await read('ops/start.mjs')).toContain("['install', '--frozen-lockfile']")
  expect(await read('Dockerfile')).toContain('bun install --frozen-lockfile --ignore-scripts')
  expect(
    installs(await read('.ci/run')).filter((line) => /bun install/.test(line) && !/frozen/.test(line)),
  ).toEqual([])
  const { dependencies, devDependencies, trustedDependencies } = JSON.parse(await read('package.json'))
  const loose = Object.entries<string>({ ...dependencies, ...devDependencies }).filter(
    ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
  )
  expect(loose).toEqual([])
  // No package may run a script of its own when it is installed.
  expect(trustedDependencies ?? []).toEqual([])
})

test('S17 CI asks for known weaknesses of the packages, where the registry tells', async () => {
  expect(await read('.ci/run')).toContain('node ops/start.mjs audit || fail')
})

test('S15 the broker of the containers has no guest, and that of the local stack listens on this machine alone', async () => {
  const { services } = await composeFile()
  expect(services['rabbitmq']!.environment!['RABBITMQ_DEFAULT_USER']).not.toBe('guest')
  expect(await read('docker-compose.yml')).not.toMatch(/amqp:\/\/(guest|outbox)/)
  const recipe = await read('ops/stack/rabbitmq.ts')
  expect(recipe).toContain('listeners.tcp.1 = 127.0.0.1:')
  expect(recipe).toContain('management.tcp.ip = 127.0.0.1')
  expect(recipe).not.toContain('loopback_users')
})

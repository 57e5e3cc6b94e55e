import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { copyFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { treaty } from '@elysiajs/eden'
import type { CommandApi } from '../../../command/api.ts'
import type { QueryApi } from '../../../query/api.ts'
import { startSystem, type RunningSystem } from '../../support/system.ts'

let system: RunningSystem
beforeAll(async () => {
  system = await startSystem()
}, 60_000)
afterAll(() => system.stop())

describe('Eden treaty', () => {
  test('writes and reads with the types of the routes', async () => {
    const command = treaty<CommandApi>(system.command.url)
    const query = treaty<QueryApi>(system.query.url)
    const created = await command.users.post({
      first_name: 'Ada',
      last_name: 'Lovelace',
      email: 'ada@example.com',
    })
    expect(created.error).toBeNull()
    const { id, version, email } = created.data!
    expect([created.status, version.toFixed(), email]).toEqual([201, '1', 'ada@example.com'])

    const headers = {
      'consistency-token': created.response.headers.get('consistency-token')!,
      prefer: 'wait=10',
    }
    const one = await query.users({ id }).get({ query: {}, headers })
    expect(one.data?.last_name).toBe('Lovelace')
    const list = await query.users.get({ query: { limit: 1, email } })
    expect(list.data?.items.map((item) => item.id)).toEqual([id])
    const history = await query.users({ id }).history.get({ query: {}, headers })
    expect(history.data?.items.length).toBe(1)
    expect((await query.health.ready.get()).data?.status).toBe('ok')
    expect((await command.users({ id }).delete()).status).toBe(204)
  })

  test('a refusal is a problem, told by its status', async () => {
    const { error } = await treaty<CommandApi>(system.command.url).users.post({
      first_name: '',
      last_name: 'x',
      email: 'x@example.com',
    })
    switch (error?.status) {
      case 422:
        expect(error.value.errors?.map(({ pointer }) => pointer)).toEqual(['/first_name'])
        break
      case 400:
      case 409:
      case 413:
      case 415:
      case 503:
      case undefined:
        throw new Error(`${error?.status} ${error?.value.title}`)
    }
  })

  test('what the services do not have does not compile', () => {
    const command = treaty<CommandApi>('http://localhost')
    const query = treaty<QueryApi>('http://localhost')
    const never = [
      // @ts-expect-error -- an e-mail is missing
      () => command.users.post({ first_name: 'Ada', last_name: 'Lovelace' }),
      // @ts-expect-error -- a name is a text
      () => command.users.post({ first_name: 1, last_name: 'Lovelace', email: 'ada@example.com' }),
      // @ts-expect-error -- there is no such resource
      () => command.nothing.get(),
      // @ts-expect-error -- the command service lists nothing
      () => command.users.get(),
      // @ts-expect-error -- the query service writes nothing
      () => query.users.post({}),
      // @ts-expect-error -- there is no such filter
      () => query.users.get({ query: { first_name: 'Ada' } }),
      // @ts-expect-error -- there is no such order
      () => query.users.get({ query: { sort: 'email' } }),
      // @ts-expect-error -- a user has no such field
      async () => (await query.users({ id: '' }).get({ query: {} })).data?.nothing,
    ]
    expect(never.length).toBe(8)
  })
})

test('the types that openapi-typescript makes of the documents compile, and so does a client that uses them', async () => {
  const folder = join(import.meta.dirname, `made-${process.pid}`)
  await mkdir(folder)
  try {
    for (const service of ['command', 'query'] as const)
      await ran([
        process.execPath,
        'x',
        '--bun',
        'openapi-typescript',
        `${system[service].url}/swagger/json`,
        '--output',
        `${folder}/${service}.d.ts`,
      ])
    await copyFile(join(import.meta.dirname, 'typed-fetch.ts'), join(folder, 'typed-fetch.ts'))
    await copyFile(join(import.meta.dirname, 'usage.ts.txt'), join(folder, 'usage.ts'))
    const tsconfig = { extends: '../../../../tsconfig.json', include: ['./*.ts'], exclude: [] }
    await Bun.write(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig))
    await ran([process.execPath, 'check', '--no-script', '-p', folder])
    const output = await ran([
      process.execPath,
      join(folder, 'usage.ts'),
      system.command.url,
      system.query.url,
    ])
    expect(JSON.parse(output)).toEqual([201, '/first_name', 'Ada', 1, 204])
  } finally {
    await rm(folder, { recursive: true })
  }
}, 120_000)

async function ran(argv: string[]): Promise<string> {
  const child = Bun.spawn(argv, { stdout: 'pipe', stderr: 'pipe', stdin: 'ignore' })
  const [output, errors, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ])
  if (code !== 0) throw new Error(`${argv.slice(1, 5).join(' ')}: ${code}\n${output}${errors}`)
  return output
}

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { behindProxy } from '../../tests/support/proxy.ts'
import { waitFor } from '../../tests/support/stack.ts'
import { ended, ops, spawnOps } from '../operate/testing/command-line.ts'
import { operatorWorld, type World } from '../operate/testing/world.ts'
import { exitCodes } from '../cli/exit-codes.ts'
import { operatorVerbs } from './ops.ts'

let world: World
let id: string
beforeAll(async () => {
  world = await operatorWorld()
  await world.startRelay()
  await world.startProjector()
  id = await world.createUser()
  await world.converged()
})
afterAll(() => world.end())

const run = (...args: string[]) => ops(args, world.env)

describe('every verb', () => {
  for (const name of Object.keys(operatorVerbs))
    test(`${name} tells how it is used, its options and its exit codes`, async () => {
      const { help, parse } = (await operatorVerbs[name]!.load()).verb
      expect(parse(['--help', '--json'])).toMatchObject({ help: true, json: true })
      expect(() => parse(['--nonsense'])).toThrow('nonsense')
      expect(help).toStartWith(`usage: bun run ops -- ${name}`)
      for (const part of [
        '--json',
        '--help',
        ...Object.values(exitCodes).map(({ code, word }) => `${code} ${word}`),
      ])
        expect(help).toContain(part)
    })

  test('has --help, which takes no server', async () => {
    const { exitCode, text, complaints } = await ops(['verify', '--help'], {
      MONGO_URL: 'mongodb://nowhere.invalid/x',
    })
    expect([exitCode, complaints]).toEqual([0, ''])
    expect(text).toStartWith('usage: bun run ops -- verify')
  })

  test('stands in the help of ops, with the exit codes', async () => {
    const { exitCode, text } = await ops(['--help'], {})
    expect(exitCode).toBe(0)
    for (const name of Object.keys(operatorVerbs)) expect(text).toContain(`\n  ${name} `)
    for (const { code, says } of Object.values(exitCodes))
      expect(text).toMatch(new RegExp(`\\n  ${code} +${says}`))
  })
})

describe('the exit code says what came of it', () => {
  test('0: done, and all is well', async () => {
    const answers = await Promise.all([run('trace', 'users', id), run('verify', '--deep')])
    expect(answers.map(({ exitCode }) => exitCode)).toEqual([0, 0])
    await waitFor(async () => (await run('status')).exitCode === 0, {
      timeoutMs: 20_000,
      what: 'a status of 0',
    })
  })

  test('1: trouble was found', async () => {
    expect((await run('trace', 'users', crypto.randomUUID())).exitCode).toBe(1)
    expect((await run('replay', 'cancel', crypto.randomUUID())).exitCode).toBe(1)
    await world.users.updateOne({ _id: id }, { $set: { version: 9 } })
    const { exitCode, text } = await run('verify')
    await world.users.updateOne({ _id: id }, { $set: { version: 1 } })
    expect(exitCode).toBe(1)
    expect(text).toContain('1 ahead')
  })

  test('2: the command line is wrong', async () => {
    const wrong = [
      ['nonsense'],
      ['status', '--nonsense'],
      ['trace', 'orders', id],
      ['replay', '--all', '--from-seq', '3'],
      ['replay', 'cancel', 'all of them'],
    ]
    for (const args of wrong) {
      const { exitCode, text, complaints } = await run(...args)
      expect([args, exitCode, text]).toEqual([args, 2, ''])
      expect(complaints).not.toBe('')
    }
  })

  test('2: nothing is destroyed where nobody can be asked', async () => {
    await world.connections.collectionOf('parked_events').insertOne({ _id: 'users-g1/x' })
    const refused = await run('parked', 'discard', '--all')
    expect([refused.exitCode, refused.complaints]).toEqual([2, expect.stringContaining('add --yes')])
    const { exitCode, text } = await run('parked', 'discard', '--all', '--yes', '--json')
    expect([exitCode, JSON.parse(text)]).toEqual([0, { discarded: 1 }])
  })

  test('3: a server is away, and no password is told', async () => {
    const elsewhere = { ...world.env, MONGO_URL: 'mongodb://somebody:secret@nowhere.invalid/queries' }
    const answers = await Promise.all([ops(['status'], elsewhere), ops(['verify'], elsewhere)])
    expect(answers.map(({ exitCode }) => exitCode)).toEqual([3, 3])
    expect(answers[0]!.text).toContain('the store cannot be reached')
    expect(answers.map(({ text, complaints }) => text + complaints).join()).not.toMatch(/secret|invalid/)
  })

  test('3: nothing is guessed beside a setting that names one server', async () => {
    const { exitCode, complaints } = await ops(['verify'], {
      POSTGRES_OWNER_URL: world.env.POSTGRES_OWNER_URL,
    })
    expect([exitCode, complaints]).toEqual([2, expect.stringContaining('MONGO_URL is not set')])
  })

  test('130: interrupted, at once, though a server hangs', async () => {
    const { url, proxy } = await behindProxy(world.env.POSTGRES_OWNER_URL)
    const asked = Promise.withResolvers<void>()
    proxy.onData = () => asked.resolve()
    proxy.mute('both')
    try {
      const child = spawnOps(['verify'], { ...world.env, POSTGRES_OWNER_URL: url })
      await asked.promise
      child.kill('SIGINT')
      const { exitCode, text } = await ended(child)
      expect([exitCode, text]).toEqual([130, ''])
    } finally {
      await proxy.stop()
    }
  })
})

test('--json is JSON and nothing else, with the same in it', async () => {
  for (const args of [['status'], ['trace', 'users', id], ['verify'], ['replay', 'list']]) {
    const { text } = await run(...args, '--json')
    expect(typeof JSON.parse(text)).toBe('object')
  }
})

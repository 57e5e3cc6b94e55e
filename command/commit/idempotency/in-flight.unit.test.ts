import { expect, test } from 'bun:test'
import type { Command, CommandResult } from '../command.ts'
import { refuseRepeats } from './in-flight.ts'

const command = (key: string | undefined, input = 'a'): Command => ({
  aggregate: 'things',
  name: 'create',
  id: '',
  isNew: true,
  input,
  headers: {},
  ...(key !== undefined && {
    idempotency: { key, method: 'POST', answerOf: () => ({ status: 200, headers: {} }) },
  }),
})

function setUp() {
  const running: PromiseWithResolvers<CommandResult>[] = []
  const counted: string[] = []
  const commands = refuseRepeats(
    {
      execute() {
        const one = Promise.withResolvers<CommandResult>()
        running.push(one)
        return one.promise
      },
    },
    (_, outcome) => counted.push(outcome),
  )
  return { commands, running, counted }
}
const deleted: CommandResult = { kind: 'deleted', version: 2 }

test('a repeat is refused at once while the first is running, and goes through once that is over', async () => {
  const { commands, running, counted } = setUp()
  const first = commands.execute(command('a'))
  await expect(commands.execute(command('a'))).rejects.toMatchObject({ code: 'key-in-use' })
  expect(await commands.execute(command('a', 'b'))).toEqual({ kind: 'key-reused' })
  expect([running.length, counted]).toEqual([1, ['key-in-use', 'key-reused']])
  running[0]!.resolve(deleted)
  expect(await first).toEqual(deleted)

  const failing = commands.execute(command('a'))
  running[1]!.reject(new Error('no'))
  await expect(failing).rejects.toThrow('no')
  void commands.execute(command('a'))
  expect(running).toHaveLength(3)
})

test('other keys, and commands without one, do not wait for each other', () => {
  const { commands, running } = setUp()
  for (const key of ['a', 'b', undefined, undefined]) void commands.execute(command(key))
  expect(running).toHaveLength(4)
})

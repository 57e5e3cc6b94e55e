import { afterAll, beforeAll, expect, test } from 'bun:test'
import { waitFor } from '../../tests/support/stack.ts'
import { pause, readPaused, resume } from './pause.ts'
import { sides } from './parked.ts'
import { readStatus } from './status/status.ts'
import { operatorWorld, type World } from './testing/world.ts'
import { trace } from './trace/trace.ts'

let world: World
beforeAll(async () => {
  world = await operatorWorld()
  await world.startRelay()
  await world.startProjector()
})
afterAll(() => world.end())

const paused = (side: string) => new RegExp(`^the ${side} is paused by .+@.+ since .+Z: a new broker$`)

for (const side of sides)
  test(`a paused ${side} holds back what is written, says who and why, and goes on when resumed`, async () => {
    const id = await world.createUser()
    await waitFor(() => world.users.findOne({ _id: id }), { timeoutMs: 15_000, what: 'the user' })
    const first = await pause(world.connections, side, 'a new broker')
    // Whoever comes second changes nothing.
    expect(await pause(world.connections, side, 'another reason')).toEqual(first)
    expect((await readStatus(world.connections)).troubles).toContainEqual(expect.stringMatching(paused(side)))

    // It is seen within about two seconds: until then events pass.
    const held = await waitFor(
      async () => {
        await world.changeUser(id)
        const { conclusion } = await trace(world.connections, 'users', id)
        return conclusion.text.includes(`${side} is paused`) ? conclusion.text : undefined
      },
      { timeoutMs: 15_000, what: 'the pause to hold' },
    )
    expect(held).toContain('a new broker')

    expect(await resume(world.connections, side)).toEqual(first)
    expect(await resume(world.connections, side)).toBeUndefined()
    expect(await readPaused(world.connections, side)).toBeUndefined()
    await waitFor(async () => (await trace(world.connections, 'users', id)).conclusion.state === 'current', {
      timeoutMs: 15_000,
      what: 'what waited',
    })
  })

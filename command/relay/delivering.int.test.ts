import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { waitFor } from '../../tests/support/stack.ts'
import { aggregateIds, eventRow, relayWorld, type RelayWorld } from './testing/world.ts'

describe('delivering', () => {
  let world: RelayWorld
  beforeAll(async () => {
    world = await relayWorld()
  })
  afterAll(() => world.end())

  test('a backlog of 20,000 drains in commit order, each event once, and a doorbell ends the nap after it', async () => {
    const queue = await world.broker.queue('all')
    const ids = await world.append(aggregateIds(1_000, 20))
    const relay = await world.start({ RELAY_POLL_INTERVAL_MS: '60000' })
    await queue.take()
    await waitFor(() => queue.events.length >= ids.length, { timeoutMs: 30_000, what: 'the backlog' })
    expect(queue.events.map(({ id }) => id)).toEqual(ids)
    await waitFor(async () => (await world.cursor()).seq === queue.events.at(-1)!.seq, {
      timeoutMs: 5_000,
      what: 'the cursor',
    })
    expect(await relay.metric('relay_confirmed_total')).toBe(20_000)
    expect(await relay.metric('relay_backlog_events')).toBe(0)

    const [last] = await world.append(aggregateIds(1))
    await world.command.notify('outbox')
    await waitFor(() => queue.events.at(-1)!.id === last, { timeoutMs: 5_000, what: 'the doorbell' })
    const { properties } = queue.events.at(-1)!.message
    expect(properties).toMatchObject({
      contentType: 'application/cloudevents+json',
      deliveryMode: 2,
      messageId: last,
      type: 'users.user.updated.v2',
    })
    await relay.stop()
  }, 60_000)

  test('an event of the largest size passes, among small ones and in its place', async () => {
    const queue = await world.broker.queue('large')
    const relay = await world.start()
    const rows = aggregateIds(20).map((id) => eventRow(id, 1))
    rows[7]!.payload = { ...rows[7]!.payload, text: 'x'.repeat(990_000) } as never
    await world.command`INSERT INTO outbox ${world.command(rows)}`
    await queue.take()
    await waitFor(() => queue.events.length >= 20, { timeoutMs: 5_000, what: 'the events' })
    expect(queue.events.map(({ id }) => id)).toEqual(rows.map(({ id }) => id))
    expect(queue.events[7]!.message.bodySize).toBeGreaterThan(990_000)
    expect(await relay.metric('relay_outages_total')).toBe(0)
    await relay.stop()
  }, 30_000)
})

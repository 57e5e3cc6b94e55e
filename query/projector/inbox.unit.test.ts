import { expect, test } from 'bun:test'
import { createInbox } from './inbox.ts'
import type { Message } from './prepare.ts'

const message = (deliveryTag: number): Message => ({ deliveryTag, body: null, properties: {} })
const tags = (messages: readonly Message[] | undefined) => messages?.map(({ deliveryTag }) => deliveryTag)

test('gives what came, in order and up to the bound, until it is dropped', async () => {
  const inbox = createInbox()
  for (const tag of [1, 2, 3]) expect(inbox.push(message(tag))).toBe(true)
  expect(tags(await inbox.peek(2))).toEqual([1, 2])
  expect(tags(await inbox.peek(9))).toEqual([1, 2, 3])
  inbox.drop(2)
  expect(tags(await inbox.peek(9))).toEqual([3])
  expect(inbox.size).toBe(1)
})

test('a delivery that is missing shows: `multiple` would acknowledge it', () => {
  const inbox = createInbox()
  inbox.push(message(1))
  expect(inbox.push(message(3))).toBe(false)
  expect(createInbox().push(message(2))).toBe(false)
})

test('peek waits for a message, and lets go when the inbox is closed', async () => {
  const inbox = createInbox()
  const waiting = inbox.peek(9)
  inbox.push(message(1))
  expect(tags(await waiting)).toEqual([1])
  inbox.drop(1)
  const forNothing = inbox.peek(9)
  inbox.close()
  expect(await forNothing).toBeUndefined()
  expect(await inbox.peek(9)).toBeUndefined()
})

test('peek waits no longer than it is told, and a message ends the wait before', async () => {
  const inbox = createInbox()
  expect(await inbox.peek(9, performance.now() + 5)).toEqual([])
  const waiting = inbox.peek(9, performance.now() + 60_000)
  inbox.push(message(1))
  expect(tags(await waiting)).toEqual([1])
  expect(tags(await inbox.peek(9, performance.now() - 1))).toEqual([1])
})

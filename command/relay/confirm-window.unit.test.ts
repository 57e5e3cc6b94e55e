import { expect, test } from 'bun:test'
import { waitFor } from '../../tests/support/stack.ts'
import { sendWindow, type WindowLink } from './confirm-window.ts'
import type { Message } from './publisher.ts'

/** A link whose confirms the test gives by hand. */
function fakeLink() {
  const loss = new AbortController()
  const confirms: PromiseWithResolvers<number>[] = []
  const channel: WindowLink['channel'] = {
    basicPublish() {
      const confirm = Promise.withResolvers<number>()
      confirms.push(confirm)
      return confirm.promise
    },
    onReturn() {},
  }
  const link = {
    channel,
    blocked: undefined as string | undefined,
    lost: loss.signal,
    corked: (send: () => void) => send(),
    destroy: (reason: string) => loss.abort(reason),
  }
  const giveBack = (messageId: string) =>
    channel.onReturn({ properties: { messageId } } as Parameters<typeof channel.onReturn>[0])
  return { link, confirms, giveBack }
}

const messages = (...ids: string[]): Message[] =>
  ids.map((id) => ({
    id,
    type: 'a.b.v1',
    routingKey: 'a.p00of08.b',
    contentType: 'application/json',
    body: '{}',
  }))
const options = (confirmTimeoutMs: number) => ({ confirmTimeoutMs, signal: new AbortController().signal })

test('each message has its own fate, in the order of the window and not of the answers', async () => {
  const { link, confirms, giveBack } = fakeLink()
  const fates = sendWindow(link, messages('a', 'b', 'c', 'd', 'e', 'f'), options(10_000))
  confirms[5]!.reject(new RangeError('Out of bounds access'))
  confirms[4]!.reject(new Error('Short string too long, 256 bytes: …'))
  confirms[3]!.reject(new Error('Channel is closed'))
  confirms[2]!.reject(new Error('Message rejected'))
  giveBack('b')
  confirms[1]!.resolve(2)
  confirms[0]!.resolve(1)
  expect(await fates).toEqual(['confirmed', 'returned', 'nacked', 'unknown', 'unencodable', 'unencodable'])
  expect(link.lost.aborted).toBe(false)
})

test('a lost connection leaves what has no answer unknown', async () => {
  const { link, confirms } = fakeLink()
  const fates = sendWindow(link, messages('a', 'b'), options(10_000))
  confirms[0]!.resolve(1)
  await Promise.resolve()
  link.destroy('gone')
  expect(await fates).toEqual(['confirmed', 'unknown'])
})

test('a window that is aborted cuts the connection, so that what was not sent never is', async () => {
  const { link } = fakeLink()
  const stop = new AbortController()
  const fates = sendWindow(link, messages('a'), { confirmTimeoutMs: 10_000, signal: stop.signal })
  stop.abort()
  expect(await fates).toEqual(['unknown'])
  expect(link.lost.reason).toBe('publishing was stopped')
})

test('the time-out counts from the last answer and not while the broker blocks', async () => {
  const { link, confirms } = fakeLink()
  const startedAtMs = performance.now()
  const passed = (ms: number) =>
    waitFor(() => performance.now() - startedAtMs > ms, { timeoutMs: 5_000, what: `${ms} ms`, intervalMs: 5 })
  const fates = sendWindow(link, messages('a', 'b'), options(400))
  await passed(250)
  confirms[0]!.resolve(1)
  await passed(500)
  expect(link.lost.aborted).toBe(false)
  link.blocked = 'low on memory'
  await passed(1_200)
  expect(link.lost.aborted).toBe(false)
  link.blocked = undefined
  expect(await fates).toEqual(['confirmed', 'unknown'])
  expect(link.lost.reason).toBe('no confirm within the time-out')
})

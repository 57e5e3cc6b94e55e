import type { AMQPChannel } from '@cloudamqp/amqp-client'

export type QueueLook =
  | { readonly kind: 'missing'; readonly queue: string }
  /** The fullest of them, by messages that no consumer has been given. */
  | { readonly kind: 'present'; readonly queue: string; readonly depth: number }

/** @throws when the broker does not answer; a queue that is missing closes the channel */
export async function lookAtQueues(channel: AMQPChannel, queues: readonly string[]): Promise<QueueLook> {
  let fullest = { queue: '', depth: -1 }
  for (const queue of queues) {
    try {
      const { messageCount: depth } = await channel.queueDeclare(queue, { passive: true })
      if (depth > fullest.depth) fullest = { queue, depth }
    } catch (error) {
      if (error instanceof Error && error.message.includes('(404)')) return { kind: 'missing', queue }
      throw error
    }
  }
  return { kind: 'present', ...fullest }
}

/** What the exit code of every operator's verb says: one table, so that a script needs to learn it once. */
export const exitCodes = {
  ok: { code: 0, word: 'well', says: 'done, and all is well' },
  trouble: { code: 1, word: 'trouble', says: 'trouble was found, or what was asked for failed' },
  usage: { code: 2, word: 'usage', says: 'the command line is wrong, or a confirmation is missing' },
  unreachable: { code: 3, word: 'unreachable', says: 'PostgreSQL, RabbitMQ or the store cannot be reached' },
  interrupted: { code: 130, word: 'interrupted', says: 'interrupted' },
} as const

export type Outcome = keyof typeof exitCodes

/** The command line is wrong; the message completes the help that follows it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A server is not there. Names no host and no password: the message may end in a ticket. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
  constructor(
    readonly server: 'PostgreSQL' | 'RabbitMQ' | 'the store',
    options?: ErrorOptions,
  ) {
    super(`${server} cannot be reached`, options)
  }
}

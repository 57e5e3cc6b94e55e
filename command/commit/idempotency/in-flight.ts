import { CommandFailure, type Command, type CommandResult, type Commands } from '../command.ts'
import type { CommitMetrics } from '../metrics.ts'
import { fingerprintOf, type Fingerprint } from './fingerprint.ts'

/**
 * A repeat of what this very process is busy with is refused at once, instead of waiting in the queue behind it.
 * Repeats at another process are found in the database.
 */
export function refuseRepeats(commands: Commands, count: CommitMetrics['outcome']): Commands {
  /** Payloads by key. */
  const running = new Map<string, string>()

  return {
    execute(command) {
      const fingerprint = fingerprintOf(command)
      return fingerprint ? once(command, fingerprint) : commands.execute(command)
    },
  }

  async function once(command: Command, { id, payload }: Fingerprint): Promise<CommandResult> {
    const other = running.get(id)
    if (other !== undefined && other !== payload) {
      count(command, 'key-reused')
      return { kind: 'key-reused' }
    }
    if (other !== undefined) {
      count(command, 'key-in-use')
      throw new CommandFailure('key-in-use', 'a request with this key is still running')
    }
    running.set(id, payload)
    try {
      return await commands.execute(command)
    } finally {
      running.delete(id)
    }
  }
}

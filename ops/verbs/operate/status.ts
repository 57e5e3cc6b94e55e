import { operatorVerb } from '../../cli/verb.ts'
import { isUnreachable, readStatus } from '../../operate/status/status.ts'
import { statusScreen } from '../../operate/status/screen.ts'

export const verb = operatorVerb({
  usage: 'status',
  doc: `
The whole system on one screen: who leads the relay, the backlog, the log and its segments, every queue with its depth,
its consumers and the last heartbeat that came through it, what is parked, replays, versions. A server that is away is
told in its place. Changes nothing.`,
  options: {},
  async run({ connections, print }) {
    const status = await readStatus(connections)
    print(status, statusScreen)
    if (isUnreachable(status)) return 'unreachable'
    return status.troubles.length === 0 ? 'ok' : 'trouble'
  },
})

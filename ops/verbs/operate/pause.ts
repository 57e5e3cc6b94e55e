import { UsageError } from '../../cli/exit-codes.ts'
import { operatorVerb } from '../../cli/verb.ts'
import { onlySide, pause, readPaused } from '../../operate/pause.ts'

export const verb = operatorVerb({
  usage: 'pause <relay | projector> --reason TEXT',
  doc: `
The relay publishes nothing but heartbeats, or the projectors apply nothing, until \`resume\`; restarts do not end it.
Writes and reads go on, and nothing is lost: events wait in the log, or in their queues. Who paused and why is in status,
in health and in the metrics. Takes effect within about two seconds.`,
  options: { reason: { type: 'string', value: 'TEXT', doc: 'why, for those who meet it' } },
  async run({ connections, print }, { positionals, options: { reason } }) {
    const side = onlySide(positionals)
    if (!reason?.trim()) throw new UsageError('--reason is needed: others will want to know why')
    const before = await readPaused(connections, side)
    const paused = await pause(connections, side, reason.trim())
    print({ side, ...paused, wasPaused: before !== undefined }, ({ by, at, reason: why, wasPaused }) =>
      wasPaused
        ? `the ${side} was paused already, by ${by} since ${at}: ${why}`
        : `the ${side} is paused by ${by}: \`resume ${side}\` ends it`,
    )
    return before ? 'trouble' : 'ok'
  },
})

import { UsageError } from '../../cli/exit-codes.ts'
import { operatorVerb } from '../../cli/verb.ts'
import { traceScreen } from '../../operate/trace/screen.ts'
import { trace } from '../../operate/trace/trace.ts'

export const verb = operatorVerb({
  usage: 'trace <aggregate> <id>',
  doc: `
Why is this one stale? One sentence that says it, then what it was drawn from: the row's version, its events in the log
and whether the broker confirmed them, its partition and queue, the documents' versions, what is parked. Ids and
versions only, no data. Exit code 1 when a document is not what PostgreSQL has. Changes nothing.`,
  options: {},
  async run({ connections, print }, { positionals: [aggregate, id, ...more] }) {
    if (!aggregate || !id || more.length > 0) throw new UsageError('trace takes an aggregate and an id')
    const found = await trace(connections, aggregate, id)
    print(found, traceScreen)
    return found.conclusion.state === 'current' ? 'ok' : 'trouble'
  },
})

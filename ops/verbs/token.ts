import { parseArgs } from 'node:util'
import { makeToken } from '../tokens.ts'

const HELP = `usage: token --scope 'users:read users:write' [--subject NAME] [--minutes N]

Prints a token that services with the same AUTH_SECRET, AUTH_ISSUER and AUTH_AUDIENCE take: for trying, and for tools.

  --scope    what it allows, separated by spaces: <resource>:read, <resource>:write, ops
  --subject  whose it is: the actor of the events that come of it (me)
  --minutes  how long it is good (60)`

export async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      scope: { type: 'string' },
      subject: { type: 'string', default: 'me' },
      minutes: { type: 'string', default: '60' },
      help: { type: 'boolean' },
    },
  })
  const { scope, subject, minutes } = values
  if (values.help || scope === undefined || !/^[1-9]\d{0,5}$/.test(minutes)) {
    console.log(HELP)
    return values.help ? 0 : 2
  }
  console.log(await makeToken({ subject, scope, minutes: Number(minutes) }, process.env))
  return 0
}

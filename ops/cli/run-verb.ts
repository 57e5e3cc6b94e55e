import { aborted, interruption } from '../interruption.ts'
import { connect, serverOf } from '../operate/connections.ts'
import { progressOn } from '../stack/progress.ts'
import { exitCodes, Unreachable, UsageError, type Outcome } from './exit-codes.ts'
import type { OperatorVerb, ParsedVerb, VerbContext } from './verb.ts'

/** Runs one verb as the command line has it, and turns whatever happens into an exit code and one line. */
export async function runVerb(verb: OperatorVerb, args: readonly string[]): Promise<number> {
  return exitCodes[await outcomeOf(verb, args)].code
}

async function outcomeOf(verb: OperatorVerb, args: readonly string[]): Promise<Outcome> {
  let parsed: ParsedVerb
  try {
    parsed = verb.parse(args)
  } catch (error) {
    return told(error, verb)
  }
  if (parsed.help) {
    console.log(verb.help)
    return 'ok'
  }
  const signal = interruption()
  const progress = progressOn(process.stderr)
  const connections = connect(process.env)
  const context: VerbContext = {
    connections,
    progress,
    signal,
    print(result, show) {
      progress.close()
      console.log(parsed.json ? JSON.stringify(result, null, 2) : show(result))
    },
    confirm: (question) => confirmed(question, parsed.yes),
  }
  const running = parsed.run(context)
  const interrupted = async (): Promise<Outcome> => {
    await aborted(signal)
    progress.close()
    console.error('interrupted')
    await Promise.race([running.catch(() => {}), Bun.sleep(verb.graceMs)])
    return 'interrupted'
  }
  try {
    const outcome = await Promise.race([running, interrupted()])
    return signal.aborted ? 'interrupted' : outcome
  } catch (error) {
    progress.close()
    return signal.aborted ? 'interrupted' : told(error, verb)
  } finally {
    progress.close()
    await connections.close()
  }
}

/** Refused by the person who was asked. */
class Declined extends Error {}

function confirmed(question: string, yes: boolean): void {
  if (yes) return
  if (!process.stdin.isTTY) throw new UsageError(`${question} Nobody is here to say so: add --yes`)
  if (prompt(`${question} [y/N]`)?.trim().toLowerCase() !== 'y') throw new Declined('nothing was changed')
}

function told(error: unknown, verb: OperatorVerb): Outcome {
  const { message } = error as Error
  if (error instanceof UsageError) {
    console.error(`${message}\n\n${verb.help.split('\n', 1)[0]}\n--help tells more`)
    return 'usage'
  }
  const server = serverOf(error)
  if (server) {
    console.error(`${new Unreachable(server).message}: is it running, and is its setting right?`)
    return 'unreachable'
  }
  console.error(message)
  return 'trouble'
}

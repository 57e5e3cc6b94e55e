import { exitCodes } from '../cli/exit-codes.ts'
import { runVerb } from '../cli/run-verb.ts'
import type { OperatorVerb } from '../cli/verb.ts'

interface Entry {
  readonly summary: string
  readonly load: () => Promise<{ readonly verb: OperatorVerb }>
}

/** The operator's verbs, one a file, in the order of the help. */
export const operatorVerbs: Readonly<Record<string, Entry>> = {
  status: { summary: 'the whole system on one screen', load: () => import('./operate/status.ts') },
  trace: { summary: 'why is this one stale', load: () => import('./operate/trace.ts') },
  verify: {
    summary: 'PostgreSQL against the read model, with --repair',
    load: () => import('./operate/verify.ts'),
  },
  parked: {
    summary: 'what was put aside: list, show, release, discard',
    load: () => import('./operate/parked.ts'),
  },
  pause: { summary: 'stops the relay or the projectors', load: () => import('./operate/pause.ts') },
  resume: { summary: 'ends a pause', load: () => import('./operate/resume.ts') },
  retention: { summary: 'drops old segments of the log', load: () => import('./operate/retention.ts') },
  rebuild: {
    summary: 'a read model built anew, while it is read',
    load: () => import('./operate/rebuild.ts'),
  },
  replay: { summary: 'events sent again, to one group', load: () => import('./operate/replay.ts') },
  drill: { summary: 'hurts the local stack, heals it, counts', load: () => import('./operate/drill.ts') },
}

/** @returns the exit code */
export async function run([name = '--help', ...args]: string[]): Promise<number> {
  if (['--help', '-h', 'help'].includes(name)) {
    console.log(usage())
    return exitCodes.ok.code
  }
  if (!Object.hasOwn(operatorVerbs, name)) {
    console.error(`unknown verb: ${name}\n\n${usage()}`)
    return exitCodes.usage.code
  }
  const { verb } = await operatorVerbs[name]!.load()
  return runVerb(verb, args)
}

function usage(): string {
  const verbs = Object.entries(operatorVerbs).map(([verb, { summary }]) => `  ${verb.padEnd(10)} ${summary}`)
  const codes = Object.values(exitCodes).map(({ code, says }) => `  ${String(code).padEnd(10)} ${says}`)
  return `usage: bun run ops -- <verb> [arguments]

For whoever runs the system. The servers are those of the stack that runs in this checkout, or those that
POSTGRES_OWNER_URL, RABBITMQ_URL, RABBITMQ_API_URL and MONGO_URL name.

${verbs.join('\n')}

Every verb takes --help and --json. Exit codes:

${codes.join('\n')}`
}

/** The one entry of the image and of the local verbs: `bun ops/main.ts <verb> [arguments]`. */
interface Verb {
  summary: string
  /** A process's role runs on import and goes on; a verb gives its exit code. */
  load: () => Promise<{ run?: (args: string[]) => Promise<number> }>
}

const VERBS: Record<string, Verb> = {
  start: {
    summary: 'the whole system on this machine, servers included',
    load: () => import('./verbs/start.ts'),
  },
  test: { summary: 'every test, on a throw-away stack', load: () => import('./verbs/test.ts') },
  'test:compose': {
    summary: 'the system in containers: replicas killed and restarted',
    load: () => import('./verbs/test-compose.ts'),
  },
  stack: { summary: 'the servers alone: up, status, wipe, path', load: () => import('./verbs/stack.ts') },
  doctor: { summary: 'what this machine lacks, and how to get it', load: () => import('./verbs/doctor.ts') },
  check: { summary: 'types, lint and format', load: () => import('./verbs/check.ts') },
  audit: { summary: 'known weaknesses of the packages', load: () => import('./verbs/audit.ts') },
  seed: { summary: 'realistic users over HTTP, compared at the end', load: () => import('./verbs/seed.ts') },
  docs: { summary: 'writes the documents that are made from code', load: () => import('./verbs/docs.ts') },
  demo: {
    summary: 'a minute of writes, with the broker killed on the way',
    load: () => import('./verbs/demo.ts'),
  },
  faults: {
    summary: 'every fault the system must survive, under load, with its invariants checked',
    load: () => import('./verbs/faults.ts'),
  },
  peers: {
    summary: 'what people use instead, under the same faults',
    load: () => import('./verbs/peers.ts'),
  },
  fuzz: {
    summary: 'requests made of the OpenAPI documents, healthy and with servers down',
    load: () => import('./verbs/fuzz.ts'),
  },
  load: { summary: 'load by k6, and a page of what it measured', load: () => import('./verbs/load.ts') },
  bench: {
    summary: 'how fast each stage is, beside the raw tool that shows its limit',
    load: () => import('./verbs/bench.ts'),
  },
  ops: {
    summary: "the operator's tools: status, trace, verify and more",
    load: () => import('./verbs/ops.ts'),
  },
  command: { summary: 'the command service', load: () => import('../command/main.ts') },
  relay: { summary: 'the relay', load: () => import('../command/relay/main.ts') },
  query: { summary: 'the query service', load: () => import('../query/main.ts') },
  migrate: { summary: 'the migrations, then ends', load: () => import('../command/migrate.ts') },
  'broker-users': {
    summary: "the broker's users of relay and query, then ends",
    load: () => import('./verbs/broker-users.ts'),
  },
  token: { summary: 'a token, where services share a secret', load: () => import('./verbs/token.ts') },
  healthcheck: { summary: 'is a role, or a URL, ready?', load: () => import('./verbs/healthcheck.ts') },
}

main(process.argv.slice(2)).then(
  (exitCode) => exitCode !== undefined && process.exit(exitCode),
  (error: Error) => {
    console.error(`\n ${error.message}`)
    process.exit(1)
  },
)

async function main([name = '--help', ...args]: string[]): Promise<number | undefined> {
  if (['--help', '-h', 'help'].includes(name)) {
    console.log(usage())
    return 0
  }
  if (!Object.hasOwn(VERBS, name)) {
    console.error(`unknown verb: ${name}\n\n${usage()}`)
    return 2
  }
  const { run } = await VERBS[name]!.load()
  return run?.(args)
}

function usage(): string {
  const lines = Object.entries(VERBS).map(([verb, { summary }]) => `  ${verb.padEnd(12)} ${summary}`)
  return `usage: npm run <verb> -- [arguments]   or   bun ops/main.ts <verb> [arguments]\n\n${lines.join('\n')}\n\n<verb> --help tells more`
}

import { parseArgs } from 'node:util'
import { converge, write, type WriteCounts } from '../seed/journey.ts'
import { overHttp } from '../seed/over-http.ts'
import { people } from '../seed/people.ts'

const help = `npm run seed -- [options]

Creates users over HTTP, updates a third, deletes a tenth, then waits for the read side and compares every user in full.

  --count N          users to create (10000)
  --seed N           the same people for the same seed (1)
  --concurrency N    requests at a time (64)
  --command-url URL  the command service (http://127.0.0.1:3000)
  --query-url URL    the query service (http://127.0.0.1:3001)
  --timeout S        seconds without progress until the comparison gives up (30)

Exit code 0 when nothing differs, 1 when something does or the services cannot be reached.
`

/** @returns the exit code */
export async function run(args: string[]): Promise<number> {
  let options
  try {
    options = parse(args)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
    return 2
  }
  if (options.help) {
    process.stdout.write(help)
    return 0
  }
  const services = overHttp(options.commandUrl, options.queryUrl)
  for (const url of [options.commandUrl, options.queryUrl])
    if (!(await isReady(url))) {
      process.stderr.write(
        `${url} is not ready: start the system with npm start, or name it with --command-url and --query-url\n`,
      )
      return 1
    }

  const startedAtMs = performance.now()
  const total = options.count + Math.ceil(options.count / 3) + Math.round(options.count / 10)
  const bar = progressBar(total)
  const sum = ({ created, updated, deleted }: WriteCounts) => created + updated + deleted
  const counts: WriteCounts = { created: 0, updated: 0, deleted: 0 }
  const expected = await write({
    services,
    people: people({ seed: options.seed, run: Date.now().toString(36) }),
    count: options.count,
    concurrency: options.concurrency,
    onProgress: (now) => {
      Object.assign(counts, now)
      bar.show(sum(now), 'writes')
    },
  })
  const writeS = (performance.now() - startedAtMs) / 1000
  bar.end(`wrote ${sum(counts)} in ${writeS.toFixed(1)} s (${Math.round(sum(counts) / writeS)}/s)`)

  const { different, elapsedMs } = await converge({
    services,
    expected,
    concurrency: options.concurrency,
    timeoutMs: options.timeoutS * 1000,
    onProgress: (remaining) => bar.show(total, `waiting for ${remaining}`),
  })
  bar.end(`compared ${expected.size} users in full`)
  process.stdout.write(
    `created ${counts.created}\nupdated ${counts.updated}\ndeleted ${counts.deleted}\n` +
      `visible ${[...expected.values()].filter(Boolean).length - different.length}\ndiffering ${different.length}\n` +
      `from last write to convergence ${Math.round(elapsedMs)} ms\n`,
  )
  if (different.length > 0) process.stdout.write(`first differing: ${different.slice(0, 5).join(' ')}\n`)
  return different.length === 0 ? 0 : 1
}

function parse(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      count: { type: 'string', default: '10000' },
      seed: { type: 'string', default: '1' },
      concurrency: { type: 'string', default: '64' },
      timeout: { type: 'string', default: '30' },
      'command-url': { type: 'string', default: `http://127.0.0.1:${process.env['COMMAND_PORT'] ?? 3000}` },
      'query-url': { type: 'string', default: `http://127.0.0.1:${process.env['QUERY_PORT'] ?? 3001}` },
      help: { type: 'boolean', default: false },
    },
  })
  const whole = (name: 'count' | 'seed' | 'concurrency' | 'timeout') => {
    const value = Number(values[name])
    if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name} must be a whole number above 0`)
    return value
  }
  return {
    count: whole('count'),
    seed: whole('seed'),
    concurrency: whole('concurrency'),
    timeoutS: whole('timeout'),
    commandUrl: values['command-url'].replace(/\/$/, ''),
    queryUrl: values['query-url'].replace(/\/$/, ''),
    help: values.help,
  }
}

const isReady = (url: string) =>
  fetch(`${url}/health/ready`).then(
    ({ ok }) => ok,
    () => false,
  )

/** One line that is drawn over on a terminal; elsewhere only its end is printed. */
function progressBar(total: number) {
  const startedAtMs = performance.now()
  let shownAtMs = 0
  return {
    show(done: number, what: string) {
      const nowMs = performance.now()
      if (!process.stderr.isTTY || nowMs - shownAtMs < 100) return
      shownAtMs = nowMs
      const width = 30
      const filled = Math.round((Math.min(done, total) / total) * width)
      const rate = Math.round((done / (nowMs - startedAtMs)) * 1000)
      process.stderr.write(
        `\r\u001b[K${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${done}/${total} ${what} ${rate}/s`,
      )
    },
    end(line: string) {
      if (process.stderr.isTTY) process.stderr.write('\r\u001b[K')
      process.stdout.write(`${line}\n`)
    },
  }
}

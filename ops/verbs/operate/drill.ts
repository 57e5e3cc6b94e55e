import { join } from 'node:path'
import { faults } from '../../faults/matrix/index.ts'
import { linesOf } from '../../faults/matrix/report.ts'
import { UsageError } from '../../cli/exit-codes.ts'
import { operatorVerb, wholeNumber } from '../../cli/verb.ts'
import { drill, drillNamed, type Drilled } from '../../operate/drill.ts'
import { controlStack } from '../../stack/control.ts'
import { runningStack } from '../../stack/running.ts'

const folder = join(import.meta.dir, '../../../.artifacts/drill')

export const verb = operatorVerb({
  usage: 'drill <fault>',
  doc: `
Hurts the servers of the stack that \`npm start\` runs in this checkout, heals them, and prints the six counts: attempts,
acknowledged, lost, unexpected, duplicated, recovered. The load goes to places of its own on those servers, so your data is
not touched; your services go through the fault with it, and are looked at afterwards. Exit code 1 when an invariant was
broken, or your system did not come back by itself.`,
  options: {
    list: { type: 'boolean', doc: 'the faults and their variants' },
    variant: { type: 'string', value: 'V', doc: 'its number or the beginning of its name (the first)' },
    seed: { type: 'string', value: 'N', doc: 'fixes the schedule (1)' },
    seconds: { type: 'string', value: 'S', doc: "of load, instead of the variant's own" },
  },
  destroys: true,
  graceMs: 20_000,
  async run({ connections, progress, signal, print, confirm }, { positionals: [id, ...more], options }) {
    if (options.list) {
      print(
        faults.map(({ id: name, title, variants }) => ({
          id: name,
          title,
          variants: variants.map((one) => one.name),
        })),
        list,
      )
      return 'ok'
    }
    if (more.length > 0) throw new UsageError('one fault at a time')
    const chosen = drillNamed(id, options.variant)
    const seed = wholeNumber('seed', options.seed, { min: 1 }) ?? 1
    const seconds = wholeNumber('seconds', options.seconds, { min: 5 })
    const running = runningStack()
    if (!running) throw new UsageError('no stack runs in this checkout: `npm start` first')
    const { fault, variant } = chosen
    confirm(
      `${fault.id}, ${fault.title}: ${variant.name}. The servers of this checkout will be hurt, and healed.`,
    )
    const stack = await controlStack(running)
    const step = progress.step(`drill ${fault.id}`)
    step.note(`${variant.name}, ${seconds ?? variant.seconds} s of load`)
    try {
      const done = await drill(
        connections,
        { ...chosen, seed, seconds },
        { stack, dir: join(folder, `${fault.id}-${seed}`), signal },
      )
      step.done(done.isGood ? 'came through' : 'did not come through')
      print(done, screen)
      return done.isGood && done.newTroubles.length === 0 ? 'ok' : 'trouble'
    } finally {
      await stack.stop()
    }
  },
})

function screen(done: Drilled): string {
  const after =
    done.newTroubles.length === 0
      ? ['your system is as it was before']
      : [
          'your system has not come back to what it was:',
          ...done.newTroubles.map((trouble) => `  ! ${trouble}`),
        ]
  return [...linesOf(done), '', ...after].join('\n')
}

function list(known: readonly { id: string; title: string; variants: readonly string[] }[]): string {
  return known
    .map(({ id, title, variants }) =>
      [`${id.padEnd(4)} ${title}`, ...variants.map((name, index) => `     ${index + 1}  ${name}`)].join('\n'),
    )
    .join('\n')
}

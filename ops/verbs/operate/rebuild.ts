import { readModels } from '../../../query/read-models.ts'
import { UsageError } from '../../cli/exit-codes.ts'
import { textList } from '../../cli/table.ts'
import { operatorVerb, wholeNumber, type VerbContext } from '../../cli/verb.ts'
import type { RebuildDeps, RebuildStep } from '../../operate/rebuild/deps.ts'
import { finish, rebuild, rollBack, type RebuildOutcome } from '../../operate/rebuild/rebuild.ts'

export const verb = operatorVerb({
  usage: 'rebuild <read model>',
  doc: `
Builds a read model anew beside the one that is read, and switches when it is complete: reads go on, and never meet a
collection that is half filled. After the switch both are kept up to date until --finish (or --keep) takes the old one
away; until then --rollback goes back to it. An event that cannot be applied, or a document that stays behind the old
one, ends the rebuild, and the new generation is taken away. Interrupted or killed, it goes on when it is run again.`,
  options: {
    finish: { type: 'boolean', doc: 'take away the generation that is not read any more' },
    rollback: {
      type: 'boolean',
      doc: 'read the one from before again; before the switch: give the rebuild up',
    },
    keep: {
      type: 'string',
      value: 'MINUTES',
      doc: 'wait so long after the switch, for a rollback by another hand, then finish',
    },
  },
  destroys: true,
  async run(context, { positionals: [name, ...rest], options }) {
    const models = readModels.map((model) => model.name).join(', ')
    if (!name || rest.length > 0) throw new UsageError(`rebuild takes one read model: ${models}`)
    if (!readModels.some((model) => model.name === name))
      throw new UsageError(`there is no read model "${name}": ${models}`)
    const keep = wholeNumber('keep', options.keep)
    if ([options.finish, options.rollback, keep !== undefined].filter(Boolean).length > 1)
      throw new UsageError('one of --finish, --rollback and --keep at most')
    if (options.finish)
      context.confirm(`The generation of ${name} that is not read will be deleted for good.`)
    const deps = depsOf(context)
    const outcome = options.finish
      ? await finish(deps, name)
      : options.rollback
        ? await rollBack(deps, name)
        : await rebuild(deps, name, { keepMs: keep === undefined ? undefined : keep * 60_000 })
    context.print(outcome, screen)
    return outcome.state === 'given-up' && !options.rollback ? 'trouble' : 'ok'
  },
})

const stepNames: Readonly<Record<RebuildStep, string>> = {
  wait: 'query processes',
  fill: 'fill',
  compare: 'compare',
  switch: 'switch',
  keep: 'keep',
  retire: 'retire',
}

function depsOf({ connections, progress, signal }: VerbContext): RebuildDeps {
  let current: { name: RebuildStep; step: ReturnType<typeof progress.step>; text: string } | undefined
  return {
    readModels,
    collectionOf: connections.collectionOf,
    broker: connections.broker,
    sql: connections.places.postgresUrl ? connections.sql : undefined,
    signal,
    onProgress(name, text) {
      if (current?.name !== name) {
        current?.step.done(current.text)
        current = { name, step: progress.step(stepNames[name]), text }
      }
      current.text = text
      current.step.note(text)
    },
  }
}

function screen({ readModel, state, serving, beside, comparison, failure }: RebuildOutcome): string {
  const said = {
    switched: `generation ${serving} is read; ${beside} is kept up to date until --finish, or --rollback to it`,
    'rolled-back': `generation ${serving} is read again; ${beside} is kept up to date until --finish`,
    finished: `generation ${serving} is read, and the only one`,
    'given-up': `generation ${serving} is read as before, and the only one: ${failure}`,
  }
  const { compared, mended, changed, tombstones, versions } = comparison ?? {}
  const counts = {
    compared,
    mended,
    changed,
    'deletes copied': tombstones,
    'versions copied': versions || undefined,
  }
  return textList([
    [readModel, said[state]],
    ...Object.entries(counts).flatMap(([name, count]) =>
      count === undefined ? [] : [[name, count.toLocaleString('en-US')] as const],
    ),
  ])
}

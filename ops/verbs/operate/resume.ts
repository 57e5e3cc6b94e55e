import { operatorVerb } from '../../cli/verb.ts'
import { onlySide, resume } from '../../operate/pause.ts'

export const verb = operatorVerb({
  usage: 'resume <relay | projector>',
  doc: 'Ends a pause. What waited flows within about two seconds, in its order.',
  options: {},
  async run({ connections, print }, { positionals }) {
    const side = onlySide(positionals)
    const ended = await resume(connections, side)
    print({ side, ended: ended ?? null }, ({ ended: pause }) =>
      pause
        ? `the ${side} goes on; ${pause.by} had paused it since ${pause.at}: ${pause.reason}`
        : `the ${side} was not paused`,
    )
    return ended ? 'ok' : 'trouble'
  },
})

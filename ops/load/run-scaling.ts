import { coresOf } from './cpu.ts'
import { type Curve, type Side, endOf } from './curve.ts'
import { duration } from './figures.ts'
import { settingOf } from './machine.ts'
import { type Target, measure } from './measure.ts'
import type { Replicas } from './replicas.ts'
import { questionOf, saved, type Work } from './run-one.ts'
import { LOST, completenessLines } from './run-page.ts'
import { saturatedPart } from './saturation.ts'
import { scalingPage } from './scaling-page.ts'
import { findTarget } from './target.ts'
import { type Step, Steps, verdictOn } from './steps.ts'

const SIDES: Side[] = ['reads', 'writes']
const PAUSE_S = 2
/** To scale, to make the users, and to read them all back. */
const AROUND_S = 20

/** Reads and writes, each with 1 to N replicas. @returns the exit code: a broken budget is what is looked for here */
export async function runScaling(work: Work): Promise<number> {
  const { options, k6, progress, signal } = work
  const { replicas: scalable, target: asItIs, stack } = await findTarget(options, progress)
  const replicasMax = scalable ? options.scaling.replicas : 1
  if (!scalable)
    progress.line(
      ' The system runs neither in containers of docker-compose.yml nor as processes here: one replica, as it is',
    )
  const { steps, stepS } = options.scaling
  const mostS = SIDES.length * replicasMax * (steps * (stepS + PAUSE_S) + AROUND_S)
  progress.line(
    ` ${SIDES.length * replicasMax} runs of up to ${steps} steps of ${stepS} s: ${duration(mostS * 1_000)} at most\n`,
  )

  const startedAt = new Date().toISOString()
  const curves: Curve[] = []
  try {
    for (const side of SIDES)
      for (let replicas = 1; replicas <= replicasMax; replicas++) {
        const target = scalable ? await scaled(scalable, side, replicas, work) : asItIs
        curves.push(await measuredCurve(work, target, side, replicas))
      }
  } finally {
    await scalable?.restore()
  }
  signal.throwIfAborted()
  const setting = settingOf({ target: asItIs, stack }, k6.version)
  const html = scalingPage({
    curves,
    options: options.scaling,
    question: await questionOf('scaling'),
    startedAt,
    setting,
    replicas: scalable?.how,
  })
  const place = await saved(options, startedAt, html, curves)
  for (const line of curves.flatMap(told)) progress.line(line)
  progress.line(`\n   ${place}`)
  return curves.every(({ completeness }) => completeness.missing === 0) ? 0 : 1
}

async function scaled(scalable: Replicas, side: Side, replicas: number, { progress }: Work): Promise<Target> {
  const step = progress.step('replicas')
  const role = side === 'reads' ? 'query' : 'command'
  const target = await scalable.set({ command: 1, query: 1, [role]: replicas })
  step.done(`${replicas} of ${role}`)
  return target
}

async function measuredCurve(
  { options, k6, progress, signal }: Work,
  target: Target,
  side: Side,
  replicas: number,
): Promise<Curve> {
  const { steps, stepS, budgetMs } = options.scaling
  const sorted = new Steps()
  const measured = await measure({
    script: 'scaling',
    k6: k6.path,
    target,
    env: {
      ...options.env,
      SIDE: side,
      STEPS: String(steps),
      STEP_S: String(stepS),
      BUDGET_MS: String(budgetMs),
    },
    progress,
    signal,
    onPoint: (point) => sorted.add(point),
  })
  const during = (step: Step) =>
    measured.samples.filter(({ timeMs }) => timeMs > step.fromMs && timeMs <= step.toMs + 1_000)
  const last = sorted.steps.at(-1)
  return {
    side,
    replicas,
    steps: sorted.steps.map((step) => {
      const seen = during(step)
      return { ...step, k6Cores: seen.length > 0 ? coresOf(seen, 'k6') : undefined }
    }),
    verdict: verdictOn(sorted.steps, budgetMs),
    saturated: saturatedPart(last ? during(last) : [], target.parts),
    seconds: measured.seconds,
    completeness: measured.completeness,
  }
}

function told(curve: Curve): string[] {
  const { side, replicas, verdict, completeness } = curve
  if (completeness.missing > 0)
    return ['', ` ${side}, ${replicas}: ${LOST}`, ...completenessLines(completeness)]
  const { knee, heldTo, ceiling } = verdict
  return [
    '',
    ` ${side}, ${replicas} replica${replicas === 1 ? '' : 's'}: budget kept to ${heldTo ?? '-'}/s, knee ${knee ?? '-'}/s, ceiling ${Math.round(ceiling)}/s`,
    `   saturated: ${endOf(curve)}`,
    `   ${completenessLines(completeness).join(', ')}`,
  ]
}

import { perSecond, type Comparison, type RowSpec, type Sample } from './comparison.ts'
import { ceiling, median, medianByKey, medianTail, spread, type Tail } from './figures.ts'

/** A contender's part in a row. */
export interface Side {
  readonly name: string
  /** The median, in the row's unit. */
  readonly rate: number
  /** Highest less lowest, by the median. */
  readonly spread: number
  /** CPU of one operation by part; milliseconds. */
  readonly cpu_ms: Readonly<Record<string, number>>
  readonly latency_ms?: Tail
  readonly progress?: Sample['progress']
  readonly rss_mb?: Readonly<Record<string, number>>
  /** One for each repetition, in the row's unit. */
  readonly values: readonly number[]
}

/** A row as `--json` has it. */
export interface Row {
  readonly name: string
  readonly title: string
  readonly unit: RowSpec['unit']
  readonly better: RowSpec['better']
  /** Ours, in the row's unit. */
  readonly rate: number
  /** The raw twin's. */
  readonly limit: number
  /** Ours by the limit's. */
  readonly ratio: number
  /** In words; null where a row is for looking at. */
  readonly target: string | null
  /** null where there is no target. */
  readonly ok: boolean | null
  /** Ours, of one operation by part. */
  readonly cpu_ms: Readonly<Record<string, number>>
  /** Operations a second that the machine has CPU for, were our processes free; and the part of it that was reached. */
  readonly t_max: number | null
  readonly of_t_max: number | null
  readonly repetitions: number
  readonly size: number | null
  readonly ours: Side
  readonly twin: Side
  readonly beside: readonly Side[]
}

/** A row whose raw twin was not measured beside it. */
export class MissingTwin extends Error {
  override readonly name = 'MissingTwin'
  constructor(row: string, contender: string) {
    super(`${row} has no figure: "${contender}" was not measured in the same run`)
  }
}

/** Samples by the contender's name. */
export type Samples = ReadonlyMap<string, readonly Sample[]>

/** @throws MissingTwin */
export const rowsOf = (comparison: Comparison, samples: Samples, cores: number): Row[] =>
  comparison.rows.map((spec) => rowOf(spec, samples, cores))

/** @throws MissingTwin */
export function rowOf(spec: RowSpec, samples: Samples, cores: number): Row {
  const side = (name: string): Side => {
    const own = samples.get(name)
    if (!own?.length) throw new MissingTwin(spec.name, name)
    return sideOf(name, spec, own)
  }
  const [ours, twin] = [side(spec.ours), side(spec.limit)]
  const ratio = ours.rate / twin.rate
  const tMax = ceiling(ours.cpu_ms, cores) ?? null
  const throughput = median(samples.get(spec.ours)!.map(perSecond))
  return {
    name: spec.name,
    title: spec.title,
    unit: spec.unit,
    better: spec.better,
    rate: ours.rate,
    limit: twin.rate,
    ratio,
    target: targetOf(spec),
    ok: isReached(spec, ours.rate, ratio),
    cpu_ms: ours.cpu_ms,
    t_max: tMax,
    of_t_max: tMax && throughput / tMax,
    repetitions: ours.values.length,
    size: spec.size ?? null,
    ours,
    twin,
    beside: (spec.beside ?? []).filter((name) => samples.get(name)?.length).map(side),
  }
}

function sideOf(name: string, spec: RowSpec, samples: readonly Sample[]): Side {
  const values = samples.map((sample) => spec.of(sample))
  const each = samples.map(({ cpuMs, count }) =>
    Object.fromEntries(Object.entries(cpuMs).map(([part, ms]) => [part, ms / Math.max(1, count)])),
  )
  const tail = medianTail(samples.flatMap(({ latencyMs }) => (latencyMs ? [latencyMs] : [])))
  const sizes = samples.flatMap(({ rssMb }) => (rssMb ? [rssMb] : []))
  const { progress } = samples.at(-1)!
  return {
    name,
    rate: median(values),
    spread: spread(values),
    cpu_ms: medianByKey(each),
    ...(tail && { latency_ms: tail }),
    ...(progress && { progress }),
    ...(sizes.length > 0 && { rss_mb: medianByKey(sizes) }),
    values,
  }
}

function isReached({ target, better }: RowSpec, rate: number, ratio: number): boolean | null {
  if (!target) return null
  if (better === 'higher') return ratio >= target.ratio
  return ratio <= target.ratio && (target.below === undefined || rate < target.below)
}

function targetOf({ target, better, unit }: RowSpec): string | null {
  if (!target) return null
  const ratio = `${better === 'higher' ? '≥' : '≤'} ${target.ratio} ×`
  return target.below === undefined ? ratio : `${ratio}, < ${target.below} ${unit}`
}

import type { Fault, Variant } from './fault.ts'

/** One run that is to be made. */
export interface Job {
  readonly fault: Fault
  readonly variant: Variant
  readonly seed: number
  readonly seconds: number
}

export interface Selection {
  /** Numbers of faults; all where left out. */
  readonly only?: readonly string[]
  /** One run of each variant, with this seed; where left out, as many as each variant wants, from seed 1 on. */
  readonly seed?: number
  /** Of load, instead of each variant's own. */
  readonly seconds?: number
}

/** @throws Error that names a fault which does not exist */
export function planned(faults: readonly Fault[], { only, seed, seconds }: Selection): Job[] {
  const unknown = only?.filter((id) => !faults.some((fault) => fault.id === id)) ?? []
  if (unknown.length > 0) throw new Error(`there is no fault ${unknown.join(', ')}: try --list`)
  return faults
    .filter(({ id }) => !only || only.includes(id))
    .flatMap((fault) =>
      fault.variants.flatMap((variant) =>
        (seed === undefined ? Array.from({ length: variant.runs }, (_, index) => index + 1) : [seed]).map(
          (one) => ({
            fault,
            variant,
            seed: one,
            seconds: seconds ?? variant.seconds,
          }),
        ),
      ),
    )
}

export const nameOf = ({ fault, variant, seed, seconds }: Job) =>
  `${fault.id} / ${variant.name} / ${seed} / ${seconds}`

/** As a folder is named. */
export const runFolder = ({ fault, variant, seed }: Job) =>
  `${fault.id}-${variant.name.replaceAll(/\W+/g, '-')}-${seed}`

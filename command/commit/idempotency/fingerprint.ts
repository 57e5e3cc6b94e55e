import { hash } from 'node:crypto'
import { canonicalJson } from '../../../shared/process/canonical-json.ts'
import type { Command } from '../command.ts'

export interface Fingerprint {
  /** Of the key in its scope. A UUID by form: 128 bits of a SHA-256. */
  readonly id: string
  /**
   * Of what is asked for: the input as decisions see it, whatever the order of its fields or the white space, and what
   * is expected of the row.
   */
  readonly payload: string
}

const known = new WeakMap<Command, Fingerprint>()

/** @returns undefined for a command without a key */
export function fingerprintOf(command: Command): Fingerprint | undefined {
  const { idempotency, aggregate, name, isNew, id, input, expect, headers } = command
  if (!idempotency) return undefined
  let fingerprint = known.get(command)
  if (!fingerprint) {
    const { key, method } = idempotency
    const scope = [headers.actor ?? '', method, aggregate, name, isNew ? '' : id, key]
    // A line of its own, which no JSON runs over; none where nothing is expected.
    const asked = canonicalJson(input) + (expect ? `\n${canonicalJson(expect)}` : '')
    fingerprint = { id: digest(JSON.stringify(scope)), payload: digest(asked) }
    known.set(command, fingerprint)
  }
  return fingerprint
}

const digest = (text: string) =>
  hash('sha256', text).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '$1-$2-$3-$4-$5')

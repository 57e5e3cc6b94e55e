import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EventHeaders } from '../../../shared/events/envelope.ts'

export const samplesFolder = join(import.meta.dirname, '../../../shared/events/samples')

export interface Sample {
  readonly type: string
  /** `accents`: what is special about it. */
  readonly name: string
  /** As the broker delivered it. */
  readonly text: string
}

/** Every recorded event, of all versions. */
export async function samples(): Promise<Sample[]> {
  const found: Sample[] = []
  for (const type of (await readdir(samplesFolder)).sort())
    for (const file of (await readdir(join(samplesFolder, type))).sort())
      found.push({
        type,
        name: file.replace(/\.json$/, ''),
        text: await readFile(join(samplesFolder, type, file), 'utf8'),
      })
  return found
}

const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

interface SampleUser {
  readonly name: string
  readonly headers: EventHeaders
  readonly created: Record<string, string>
  readonly updated?: Record<string, string>
}

/** What is recorded: a plain life from creation to delete, and what is awkward about texts and headers. */
export const sampleUsers: readonly SampleUser[] = [
  {
    name: 'plain',
    headers: { requestid: 'request-1', traceparent: trace },
    created: { first_name: 'Ada', last_name: 'Byron', email: 'ada@example.com' },
    updated: { first_name: 'Ada', last_name: 'Lovelace', email: 'ada@example.com' },
  },
  {
    name: 'accents',
    headers: { requestid: 'request-2', traceparent: trace },
    created: { first_name: 'Zoë "Z" \\ 𝒳', last_name: "O'Neil-Ångström", email: "zoë.o'neil+x@例え.jp" },
    updated: { first_name: 'عربى李', last_name: 'Иванов 👩‍👩‍👧', email: 'ß.ı@example.com' },
  },
  {
    name: 'longest',
    headers: {
      requestid: 'r'.repeat(128),
      traceparent: trace,
      tracestate: 't'.repeat(512),
      correlationid: 'c'.repeat(128),
      causationid: 'k'.repeat(128),
    },
    created: {
      first_name: 'é'.repeat(100),
      last_name: '𝒳'.repeat(50),
      email: `${'x'.repeat(242)}@example.com`,
    },
    updated: { first_name: '李'.repeat(100), last_name: 'Z', email: `${'é'.repeat(242)}@example.com` },
  },
  {
    name: 'every-header',
    headers: {
      requestid: 'request-4',
      traceparent: trace,
      tracestate: 'vendor=1',
      correlationid: 'order-7',
      causationid: 'message-9',
      actor: 'user:01890a5d-ac96-774b-bcce-b302099a8057',
    },
    created: { first_name: 'Grace', last_name: 'Hopper', email: 'grace@example.com' },
    updated: { first_name: 'Grace', last_name: 'Hopper', email: 'amazing.grace@example.com' },
  },
  {
    name: 'no-headers',
    headers: {},
    created: { first_name: 'Alan', last_name: 'Turing', email: 'alan@example.com' },
    updated: { first_name: 'Alan', last_name: 'Mathison Turing', email: 'alan@example.com' },
  },
]

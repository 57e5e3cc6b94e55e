import { problems } from '../../../shared/http/problems.ts'
import { marker, type BadInput } from './corpus.ts'
import type { RawAnswer } from './raw-http.ts'

/** What is wrong with an answer; nothing where it is as the case has it. Pure. */
export function faultsOf({ expect, to }: BadInput, answer: RawAnswer): string[] {
  const { status, headers, body } = answer
  const faults: string[] = []
  const must = (holds: boolean, what: string) => holds || faults.push(what)
  must(
    status === (expect.status === 'none' ? 0 : expect.status),
    `${status || 'no answer'} instead of ${expect.status}: ${body.slice(0, 150)}`,
  )
  if (expect.isClosed) must(answer.end === 'closed' || answer.end === 'reset', 'the connection stays open')
  if (expect.status === 'none' || faults.length > 0) return faults
  for (const [what, pattern] of Object.entries(secrets)) must(!pattern.test(body), `the body has ${what}`)
  if (expect.items !== undefined)
    must((JSON.parse(body) as { items: unknown[] }).items.length === expect.items, 'the list has other items')
  if (expect.slug === undefined) return faults

  must(headers['content-type'] === 'application/problem+json', `its type is ${headers['content-type']}`)
  if (expect.allow)
    must(
      headers['allow'] === expect.allow.toSorted().join(', '),
      `Allow: ${headers['allow']}, on the ${to} service`,
    )
  // The problem of a HEAD is in its head alone.
  if (body === '') return faults
  const problem = JSON.parse(body) as Record<string, unknown>
  const { title } = problems[expect.slug]
  must(
    problem['type'] === `/problems/${expect.slug}` &&
      problem['status'] === status &&
      problem['title'] === title,
    `it is ${problem['type']}, ${problem['status']}, "${problem['title']}"`,
  )
  must(problem['request_id'] === headers['x-request-id'], 'its request_id is another than that of the answer')
  for (const key of Object.keys(problem)) must(keys.has(key), `it has ${key}`)
  const errors = (problem['errors'] ?? []) as { pointer: string; detail: string }[]
  if (expect.slug === 'invalid') must(errors.length > 0, 'it names no field')
  for (const { detail } of errors)
    must(!!detail && !detail.includes(marker), 'a detail is empty, or has the value')
  for (const name of expect.names ?? [])
    must(
      errors.some(({ pointer }) => pointer === name),
      `it names ${errors.map(({ pointer }) => pointer)} and not ${name}`,
    )
  return faults
}

const keys = new Set(['type', 'title', 'status', 'detail', 'errors', 'request_id'])

/** What no answer to anybody has. */
const secrets: Readonly<Record<string, RegExp>> = {
  'a stack': /\n? {2,}at |\bnode_modules\b|\.ts:\d/,
  SQL: /\b(insert into|select .* from|duplicate key|violates|relation "|syntax error at)\b/i,
  "the store's words": /\b(MongoServerError|MongoError|\$and|E11000)\b/,
  'an address of a server': /(postgres(ql)?|mongodb|amqps?):\/\/|ECONNREFUSED|127\.0\.0\.1:\d+/,
  'a page': /<!doctype html>/i,
}

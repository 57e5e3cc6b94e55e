import { expect, test } from 'bun:test'
import { t } from 'elysia'
import { extendedBy, type Extension } from './extensions.ts'

const extension = (path: string, parameter: string): Extension => ({
  path,
  parameter,
  schema: t.String({ minLength: 1 }),
  statuses: [410],
  answer: async (value) => `${parameter} ${value}` as never,
})
const all = [
  extension('/things/:id', 'as_of'),
  extension('/things/:id', 'in'),
  extension('/others/:id', 'as_of'),
]
const exchange = { params: {}, request: new Request('http://localhost'), set: { headers: {} } } as never

test('a path has the parameters of all that extend it, and is answered by the one that is asked for', async () => {
  const { query, statuses, answer } = extendedBy(all, '/things/:id')
  expect(Object.keys(query.properties)).toEqual(['as_of', 'in'])
  expect(statuses).toEqual([410, 410])
  expect(await answer({ in: 'x' }, exchange)).toBe('in x' as never)
  expect(answer({}, exchange)).toBeUndefined()
})
test('one that nobody extends takes none', () => {
  const { query, answer } = extendedBy(all, '/things')
  expect([Object.keys(query.properties), query.additionalProperties]).toEqual([[], false])
  expect(answer({ as_of: 'x' }, exchange)).toBeUndefined()
})

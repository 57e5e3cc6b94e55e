import { describe, expect, test } from 'bun:test'
import { problemExample, problems, type ProblemKind, type ProblemSlug } from './problems.ts'

describe('the vocabulary of problems', () => {
  for (const [slug, kind] of Object.entries<ProblemKind>(problems))
    test(`${slug} says what it is, why it comes up, and what to do`, () => {
      expect(slug).toMatch(/^[a-z]+(-[a-z]+)*$/)
      expect(kind.status >= 400 && kind.status < 600).toBe(true)
      expect(kind.title).toMatch(/^[A-Z].*[^.]$/)
      for (const text of [kind.cause, kind.fix]) {
        expect(text).toMatch(/^[A-Z`].*\.$/)
        expect(text.split('`').length % 2).toBe(1)
      }
      const example = problemExample(slug as ProblemSlug)
      expect(example).toMatchObject({ type: `/problems/${slug}`, title: kind.title, status: kind.status })
    })
  test('is ordered by status, as the page of all shows it', () => {
    const statuses = Object.values(problems).map(({ status }) => status)
    expect(statuses).toEqual(statuses.toSorted((a, b) => a - b))
  })
})

import { expect, test } from 'bun:test'
import { page } from './page.ts'

const made = page({
  title: 'A & B',
  question: 'Is 1 < 2?',
  verdict: { isGood: false, text: 'No', details: ['one', 'two'] },
  headlines: [],
  sections: [{ title: 'S', remark: 'R' }],
  notes: [['System', 'http://127.0.0.1:3000']],
})

test('it asks for nothing: no script, no style sheet, no picture, no link', () =>
  expect(made).not.toMatch(/<(script|link|img|iframe|a|image)\b|\b(src|href)=|@import|url\(/))

test('what was measured is escaped, and the style sheet is not', () => {
  expect(made).toContain('A &amp; B')
  expect(made).toContain('Is 1 &lt; 2?')
  expect(made).toContain("'DejaVu Sans'")
})

test('it follows the light or dark of the reader', () => expect(made).toContain('prefers-color-scheme: dark'))

test('no figure leads where there is none to be proud of', () => expect(made).not.toContain('class="tile"'))

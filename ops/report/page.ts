import { type Html, escaped, html, join } from './html.ts'
import { style } from './style.ts'

export interface Page {
  title: string
  /** The question that the run answers. */
  question: string
  verdict: Verdict
  /** Left out where the run has no figure to be proud of. */
  headlines: Headline[]
  sections: Section[]
  /** What ran where, and how it was measured. */
  notes: [string, string][]
}

export interface Verdict {
  isGood: boolean
  text: string
  details: string[]
}

export interface Headline {
  name: string
  value: string
  unit: string
  /** Below the figure, in small. */
  remark?: string
}

export interface Section {
  title: string
  /** How to read it. */
  remark?: string
  /** Charts stand two in a row where there is room, everything else one below the other. */
  charts?: Html[]
  body?: Html
}

/** One HTML file that needs nothing else: no script, no font, no address; light and dark as the reader's system is. */
export function page({ title, question, verdict, headlines, sections, notes }: Page): string {
  return `<!doctype html>
${html`<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>${title}</title>
    <style>
      ${escaped(style)}
    </style>
  </head>
  <body>
    <main>
      <header>
        <h1>${title}</h1>
        <p class="question">${question}</p>
      </header>
      ${verdictBox(verdict)} ${headlines.length > 0 ? tiles(headlines) : ''} ${join(sections.map(section))}
      <footer>
        <h2>What ran, and how it was measured</h2>
        <dl>
          ${join(
            notes.map(
              ([name, text]) =>
                html`<dt>${name}</dt>
                  <dd>${text}</dd> `,
            ),
          )}
        </dl>
      </footer>
    </main>
  </body>
</html>`}
`
}

const verdictBox = ({ isGood, text, details }: Verdict) =>
  html`<div class="verdict ${isGood ? 'good' : 'bad'}" role="status">
    <strong>${isGood ? '✓' : '✗'} ${text}</strong>
    ${join(details.map((detail) => html`<span>${detail}</span>`))}
  </div>`

const tiles = (headlines: Headline[]) =>
  html`<div class="tiles">
    ${join(
      headlines.map(
        ({ name, value, unit, remark }) =>
          html`<div class="tile">
            <span class="name">${name}</span>
            <span class="value">${value}<small> ${unit}</small></span>
            <span class="remark">${remark ?? ''}</span>
          </div>`,
      ),
    )}
  </div>`

const section = ({ title, remark, charts, body }: Section) =>
  html`<section>
    <h2>${title}</h2>
    ${remark ? html`<p class="remark">${remark}</p>` : ''}
    ${charts ? html`<div class="charts">${join(charts)}</div>` : ''} ${body ?? ''}
  </section>`

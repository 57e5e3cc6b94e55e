import { type Html, html, join } from './html.ts'

export interface Column<Row> {
  title: string
  cell: (row: Row) => string | Html
  /** Figures stand to the right. */
  isText?: boolean
}

export function table<Row>(columns: Column<Row>[], rows: readonly Row[]): Html {
  const align = ({ isText }: Column<Row>) => (isText ? 'text' : 'figure')
  return html`<div class="table">
    <table>
      <thead>
        <tr>
          ${join(columns.map((column) => html`<th scope="col" class="${align(column)}">${column.title}</th>`))}
        </tr>
      </thead>
      <tbody>
        ${join(
          rows.map(
            (row) =>
              html`<tr>
                ${join(columns.map((column) => html`<td class="${align(column)}">${column.cell(row)}</td>`))}
              </tr> `,
          ),
        )}
      </tbody>
    </table>
  </div>`
}

export const mark = (isGood: boolean, text: string) =>
  html`<span class="${isGood ? 'good' : 'bad'}">${isGood ? '✓' : '✗'} ${text}</span>`

export interface TextColumn<Row> {
  readonly title: string
  readonly cell: (row: Row) => string
  /** Figures stand to the right. */
  readonly isFigure?: boolean
}

/** A table for people: a line a row, columns as wide as their widest cell, the last one as long as it is. */
export function textTable<Row>(columns: readonly TextColumn<Row>[], rows: readonly Row[]): string {
  const lines = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ cell }) => cell(row))),
  ]
  const widths = columns.map((_, index) => Math.max(...lines.map((cells) => cells[index]!.length)))
  return lines.map((cells) => cells.map(padded).join('  ').trimEnd()).join('\n')

  function padded(cell: string, index: number): string {
    return columns[index]!.isFigure ? cell.padStart(widths[index]!) : cell.padEnd(widths[index]!)
  }
}

/** Names and values below each other. */
export function textList(entries: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(0, ...entries.map(([name]) => name.length))
  return entries.map(([name, value]) => `${name.padEnd(width)}  ${value}`.trimEnd()).join('\n')
}

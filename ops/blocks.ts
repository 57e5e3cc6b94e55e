/**
 * Puts `content` between the marks `<!-- NAME -->` and `<!-- /NAME -->` of a document.
 * @throws Error where the document has no place for it
 */
export function withBlock(document: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const from = document.indexOf(begin)
  const to = document.indexOf(end, from)
  if (from < 0 || to < 0) throw new Error(`the document has no ${begin} … ${end}`)
  return `${document.slice(0, from + begin.length)}\n${content}\n${document.slice(to)}`
}

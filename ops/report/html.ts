/** Text that is markup already. Everything else is escaped where it is put into markup. */
export class Html {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text
  }
}

type Part = Html | string | number

export function html(parts: TemplateStringsArray, ...values: Part[]): Html {
  return new Html(String.raw({ raw: parts.raw }, ...values.map(markupOf)))
}

export const join = (parts: Html[]) => new Html(parts.map(({ text }) => text).join(''))

/** For a text that is markup, or a style sheet, of our own. */
export const escaped = (text: string) => new Html(text)

const markupOf = (part: Part) => (part instanceof Html ? part.text : escape(String(part)))

const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escape = (text: string) => text.replace(/[&<>"']/g, (character) => ENTITIES[character]!)

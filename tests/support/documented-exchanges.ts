export interface DocumentedExchange {
  /** What stands after `http`: which services it is for. */
  readonly to: string
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly answer: DocumentedAnswer
}

export interface DocumentedAnswer {
  readonly status: number
  /** Those that the document shows. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** The `http` blocks of a document, by twos: a request, and its answer. */
export function parseExchanges(markdown: string): DocumentedExchange[] {
  const blocks = [...markdown.matchAll(/^```http ?(\w*)\n([\s\S]*?)^```$/gm)]
  if (blocks.length % 2 !== 0) throw new Error('a request has no answer')
  return Array.from({ length: blocks.length / 2 }, (_, index) => {
    const [request, answer] = [blocks[2 * index]!, blocks[2 * index + 1]!]
    const [sent, came] = [messageOf(request[2]!.trimEnd()), messageOf(answer[2]!.trimEnd())]
    const [method = '', url = ''] = sent.first.split(' ')
    if (!came.first.startsWith('HTTP/1.1 ')) throw new Error(`no answer after ${method} ${url}`)
    return {
      to: request[1] || 'usual',
      method,
      url,
      headers: sent.headers,
      body: sent.body || undefined,
      answer: { status: Number(came.first.split(' ')[1]), headers: came.headers, body: came.body },
    }
  })
}

function messageOf(text: string): { first: string; headers: Record<string, string>; body: string } {
  const [head = '', ...body] = text.split('\n\n')
  const [first = '', ...lines] = head.split('\n')
  return {
    first,
    headers: Object.fromEntries(lines.map((line) => line.split(/: (.*)/).slice(0, 2))),
    body: body.join('\n\n'),
  }
}

/** What is another one each time: ids, instants, tokens and cursors, as they stand in a document. */
const volatile =
  /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z|W\/"[^"]+"|[A-Za-z0-9_-]{40,}/g

/** The text without what is another one each time. */
export const lasting = (text: string): string => text.replace(volatile, '…')

/**
 * Pairs what a document shows with what came: what changes from run to run is told apart from what does not, and
 * remembered, so that later requests of the document mean the same things.
 */
export class Meanings {
  private readonly known = new Map<string, string>()

  /** The documented text as it is to be sent now. */
  now(text: string): string {
    return text.replace(volatile, (word) => this.known.get(word) ?? word)
  }

  /** @returns the text that came, as the document would have it */
  learn(documented: string, came: string): string {
    const words = documented.match(volatile) ?? []
    const others = came.match(volatile) ?? []
    if (words.length !== others.length) return came
    words.forEach((word, index) => this.known.has(word) || this.known.set(word, others[index]!))
    let index = 0
    // Only where it is the same thing as before: another id in its place would be another meaning.
    return came.replace(volatile, (other) => {
      const word = words[index++]!
      return this.known.get(word) === other ? word : other
    })
  }
}

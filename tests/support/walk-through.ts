import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CheckoutCopy } from './checkout-copy.ts'
import { root } from './processes.ts'

export interface Step {
  /** `sh`, or `diff` with the file in its first line. */
  readonly language: string
  readonly text: string
}

export interface WalkThrough {
  readonly text: string
  /** Parts of files, each named by a comment above it. */
  readonly excerpts: readonly { readonly from: string; readonly text: string }[]
  /** The other fenced blocks, in order, of a kind: the word behind the language, `always` where there is none. */
  steps(kind: string): readonly Step[]
  follow(copy: CheckoutCopy, kind: string): Promise<void>
}

/** A document whose fenced blocks can be carried out. */
export async function walkThrough(path: string): Promise<WalkThrough> {
  const text = await readFile(join(root, path), 'utf8')
  const fence = /(?:<!-- from (.+) -->\n)?```(\w+)(?: (\w+))?\n([\s\S]*?)```/g
  const blocks = [...text.matchAll(fence)].map(([, from, language, kind = 'always', body]) => ({
    from,
    language: language!,
    kind,
    text: body!,
  }))
  const steps = (kind: string) => blocks.filter((block) => block.kind === kind && block.from === undefined)
  return {
    text,
    excerpts: blocks.flatMap(({ from, text }) => (from === undefined ? [] : [{ from, text }])),
    steps,
    async follow(copy, kind) {
      for (const { language, text } of steps(kind))
        if (language === 'sh') copy.shell(text)
        else await copy.edit(text)
    },
  }
}

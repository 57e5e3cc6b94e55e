import { parser } from '@prometheus-io/lezer-promql'

/** One selector of an expression. */
export interface Selector {
  /** As written: a histogram's with its suffix. */
  readonly metric: string
  readonly labels: readonly string[]
}

export interface Expression {
  readonly selectors: readonly Selector[]
  /** Labels that results are grouped, joined or kept by. */
  readonly grouping: readonly string[]
}

/** @throws Error that shows where the text is no PromQL */
export function parsePromql(text: string): Expression {
  const selectors: { metric: string; labels: string[] }[] = []
  const grouping: string[] = []
  const tree = parser.parse(text)
  tree.iterate({
    enter(node) {
      const source = text.slice(node.from, node.to)
      if (node.type.isError) throw new Error(`no PromQL at ${node.from}: ${text}`)
      switch (node.name) {
        case 'VectorSelector': {
          const name = node.node.getChild('Identifier')
          selectors.push({ metric: name ? text.slice(name.from, name.to) : '', labels: [] })
          return
        }
        case 'LabelName':
          if (node.node.parent?.name === 'GroupingLabels') grouping.push(source)
          else selectors.at(-1)!.labels.push(source)
      }
    },
  })
  return { selectors, grouping }
}

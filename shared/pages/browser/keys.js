/**
 * Keeps the headers that name a request (`Idempotency-Key`) such that each press of "Execute" is a request of its own,
 * until the reader types a key: then it is a repeat, and its form stays as it is, to show what a repeat gets.
 *
 * @typedef {import('./examples.js').Operation} Operation
 */
import { fresh, keyHeadersOf, keyOf } from './examples.js'

const hint =
  ' On this page each press of "Execute" has a new one; type your own and press twice to see what a repeat gets.'

/**
 * @param {any} openapi the document, whose descriptions of the header say what this page does with it
 * @param {(operation: Operation, name: string, parameter: any, value: string) => void} setHeader by the parameter as
 *   Swagger UI knows it, undefined where its form was not opened yet
 */
export function createKeys(openapi, setHeader) {
  for (const { path, method, name } of keyHeadersOf(openapi))
    for (const parameter of openapi.paths[path][method].parameters)
      if (parameter.name === name) parameter.description += hint
  const headers = new Map(keyHeadersOf(openapi).map((header) => [keyOf(header), header]))
  /** What the fields hold, and what the page filled in. @type {Map<string, { parameter: any, value: unknown, filledIn: string }>} */
  const fields = new Map()

  /** @param {Operation} operation */
  const isTyped = (operation) => {
    const field = fields.get(keyOf(operation))
    return field !== undefined && field.value !== field.filledIn && (field.value ?? '') !== ''
  }

  return {
    isTyped,

    /**
     * A field is about to hold a value; the document's own example gives way to a fresh key.
     * @param {Operation} operation @param {any} parameter @param {unknown} value
     * @returns {unknown} what to hold
     */
    shownIn(operation, parameter, value) {
      const header = headers.get(keyOf(operation))
      if (header?.name !== parameter.get('name')) return value
      const before = fields.get(keyOf(operation))
      const isPlaceholder = value === header?.placeholder
      const filledIn = isPlaceholder ? fresh(String(value)) : (before?.filledIn ?? '')
      const held = isPlaceholder ? filledIn : value
      fields.set(keyOf(operation), { parameter, value: held, filledIn })
      return held
    },

    /** The next request is another one. @param {Operation} operation */
    renew(operation) {
      const header = headers.get(keyOf(operation))
      const field = fields.get(keyOf(operation))
      // Emptied by the reader: it stays so.
      if (!header || (field && (field.value ?? '') === '')) return
      const filledIn = fresh(String(header.placeholder))
      if (field) fields.set(keyOf(operation), { ...field, filledIn })
      setHeader(operation, header.name, field?.parameter, filledIn)
    },
  }
}

/**
 * What an OpenAPI document says about values to try: pure, and ignorant of what the resources are. Two extensions help
 * it: `x-unique` on a property or a header (the service takes each value once), and `x-example-from` on an operation that reads one
 * resource (the URL of a list whose first item is a good example).
 *
 * @typedef {{ path: string, method: string }} Operation
 * @typedef {Operation & { example: Record<string, any>, unique: string[] }} Body a body to fill in
 * @typedef {Operation & { text: string, unique: Map<string, string> }} FilledBody its unique values, and what each was
 *   made from
 * @typedef {Operation & { operationId: string, collection: string, parameter: string, placeholder: unknown }} Place
 *   where a resource's id goes; the placeholder is the document's own example
 * @typedef {{ collection: string, from: string }} Source
 */

/** @param {Operation} operation */
export const keyOf = ({ path, method }) => `${method} ${path}`

/** @param {any} document @returns {Body[]} */
export function bodiesOf(document) {
  return operationsOf(document).flatMap(({ path, method, operation }) => {
    const { schema } = contentOf(operation)
    if (!schema?.properties) return []
    /** @type {[string, any][]} */
    const properties = Object.entries(schema.properties)
    const examples = properties.filter(([, { example }]) => example !== undefined)
    const example = schema.example ?? Object.fromEntries(examples.map(([name, of]) => [name, of.example]))
    const unique = properties.filter(([name, of]) => of['x-unique'] && name in example).map(([name]) => name)
    return [{ path, method, example, unique }]
  })
}

/** Of the first media type of its body. @param {any} operation @returns {{ schema?: any, example?: unknown }} */
export const contentOf = ({ requestBody }) => Object.values(requestBody?.content ?? {})[0] ?? {}

/** `/users/{id}` is a resource of `/users`, and so is what lies below it. @param {any} document @returns {Place[]} */
export function placesOf(document) {
  return operationsOf(document).flatMap(({ path, method, operation }) => {
    const [, collection, parameter] = /^(\/[^{}]+)\/\{(\w+)\}(?:\/[^{}]*)?$/.exec(path) ?? []
    if (!collection || !parameter) return []
    const found = operation.parameters?.find((/** @type {any} */ { name }) => name === parameter)
    const { operationId } = operation
    return [{ path, method, operationId, collection, parameter, placeholder: found?.schema?.example }]
  })
}

/**
 * Headers whose value must be new for each request: at most one an operation.
 * @param {any} document @returns {(Operation & { name: string, placeholder: unknown })[]}
 */
export function keyHeadersOf(document) {
  return operationsOf(document).flatMap(({ path, method, operation }) => {
    const header = operation.parameters?.find(
      (/** @type {any} */ { in: place, schema }) => place === 'header' && schema?.['x-unique'],
    )
    return header ? [{ path, method, name: header.name, placeholder: header.schema.example }] : []
  })
}

/** Where this service creates resources. @param {any} document @returns {Operation[]} */
export function creatorsOf(document) {
  return operationsOf(document)
    .filter(({ method, operation }) => method === 'post' && operation.responses?.['201'])
    .map(({ path, method }) => ({ path, method }))
}

/** @param {any} document @returns {Source[]} */
export function sourcesOf(document) {
  return placesOf(document).flatMap(({ path, method, collection }) => {
    const from = document.paths[path][method]['x-example-from']
    return from ? [{ collection, from }] : []
  })
}

/** The body as a form shows it, with unique values of its own. @param {Body} body @returns {FilledBody} */
export function filledBody({ path, method, example, unique }) {
  const made = unique.map((name) => ({
    name,
    from: String(example[name]),
    value: fresh(String(example[name])),
  }))
  const values = Object.fromEntries(made.map(({ name, value }) => [name, value]))
  return {
    path,
    method,
    text: JSON.stringify({ ...example, ...values }, undefined, 2),
    unique: new Map(made.map(({ value, from }) => [value, from])),
  }
}

/**
 * The service took the values: others stand in for them, in the body and in what its form shows; what the reader typed
 * there stays.
 * @param {FilledBody} body @param {string} shown @returns {{ body: FilledBody, shown: string }}
 */
export function renewed(body, shown) {
  let { text } = body
  const unique = new Map()
  for (const [used, from] of body.unique) {
    const next = fresh(from)
    text = text.replaceAll(used, next)
    shown = shown.replaceAll(used, next)
    unique.set(next, from)
  }
  return { body: { ...body, text, unique }, shown }
}

/**
 * Another value at each call: `ada@example.com` → `ada.0k3x9t2@example.com`, a UUID → another one.
 * @param {string} example
 */
export function fresh(example) {
  if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(example)) return freshUuid()
  const [number = 0] = crypto.getRandomValues(new Uint32Array(1))
  const mark = number.toString(36).padStart(7, '0')
  const at = example.indexOf('@')
  return at < 0 ? `${example}-${mark}` : `${example.slice(0, at)}.${mark}${example.slice(at)}`
}

/** Version 4. `crypto.randomUUID` is missing on pages that came over plain HTTP from another machine. */
function freshUuid() {
  const digits = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) =>
    byte.toString(16).padStart(2, '0'),
  )
  return digits.join('').replace(/^(.{8})(.{4}).(.{3}).(.{3})(.{12})$/, '$1-$2-4$3-8$4-$5')
}

/** @param {any} document @returns {(Operation & { operation: any })[]} */
function operationsOf(document) {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(/** @type {Record<string, any>} */ (item)).map(([method, operation]) => ({
      path,
      method,
      operation,
    })),
  )
}

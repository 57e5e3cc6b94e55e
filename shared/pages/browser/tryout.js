/**
 * Keeps the forms such that they can be sent as they are, again and again: a value that must be unique is renewed once
 * the service took it, and the id is that of a resource that exists. What a form shows is what is sent; nothing is
 * changed on the way, and what the reader typed stays.
 *
 * @typedef {import('./examples.js').Operation} Operation
 * @typedef {object} Forms how they are reached
 * @property {(operation: Operation) => string | undefined} bodyOf
 * @property {(operation: Operation, text: string) => void} setBody
 * @property {(operation: Operation, field: any, id: string) => void} setField
 * @property {(operation: Operation, name: string, parameter: any, value: string) => void} setHeader
 * @property {(operation: Operation) => void} send
 * @property {(collection: string, id: string | undefined, why: string) => void} tell which example is in the forms now
 */
import { fetchWithToken } from './access.js'
import { createKeys } from './keys.js'
import {
  bodiesOf,
  contentOf,
  creatorsOf,
  filledBody,
  keyOf,
  placesOf,
  renewed,
  sourcesOf,
} from './examples.js'

/**
 * @param {any} openapi the document, into which the bodies' examples are put
 * @param {Map<string, string>} linked ids that a link brought along, by collection
 * @param {Forms} forms
 */
export function createTryOut(openapi, linked, forms) {
  const places = placesOf(openapi)
  const creators = creatorsOf(openapi)
  const sources = sourcesOf(openapi)
  const keys = createKeys(openapi, forms.setHeader)
  /** As the page filled them in. */
  const bodies = new Map(bodiesOf(openapi).map((body) => [keyOf(body), filledBody(body)]))
  for (const { path, method, text } of bodies.values())
    contentOf(openapi.paths[path][method]).example = JSON.parse(text)
  /** Ids by collection. */
  const examples = new Map(linked)
  /** Ids that were deleted, here or elsewhere. @type {Set<unknown>} */
  const gone = new Set()
  /** Collections that an example is being made for. @type {Set<string>} */
  const making = new Set()
  /** What the id fields hold, and the parameter as Swagger UI knows it. @type {Map<string, { parameter: any, id: unknown }>} */
  const fields = new Map()

  const placeOf = (/** @type {Operation} */ operation) =>
    places.find((place) => keyOf(place) === keyOf(operation))

  /** Sends the collection's own POST, whose answer shows up under it like any other. @param {string} collection */
  function make(collection) {
    const creator = creators.find(({ path }) => path === collection)
    const body = creator && bodies.get(keyOf(creator))
    if (!body || making.has(collection)) return
    making.add(collection)
    keys.renew(creator)
    forms.setBody(creator, body.text)
    forms.send(creator)
  }

  /** @param {Operation} operation */
  function renew(operation) {
    const body = bodies.get(keyOf(operation))
    if (!body) return
    const next = renewed(body, forms.bodyOf(operation) ?? body.text)
    bodies.set(keyOf(operation), next.body)
    forms.setBody(operation, next.shown)
  }

  /** From now on the forms are about this one. @param {string} collection @param {string} id @param {string} why */
  function choose(collection, id, why) {
    const before = examples.get(collection)
    examples.set(collection, id)
    for (const place of places.filter((candidate) => candidate.collection === collection)) {
      const field = fields.get(keyOf(place))
      // Not where the reader typed another.
      if (field && (field.id === before || field.id === place.placeholder))
        forms.setField(place, field.parameter, id)
    }
    forms.tell(collection, id, why)
  }

  async function followNewest() {
    for (const { collection, from } of sources) {
      const link = linked.get(collection)
      if (link !== undefined && !gone.has(link)) continue
      const answer = await fetchWithToken(from).catch(() => undefined)
      if (!answer?.ok) continue
      const id = (await answer.json()).items[0]?.id
      if (id === undefined)
        forms.tell(collection, undefined, 'has nothing to read yet: create something first')
      else if (id !== examples.get(collection)) choose(collection, id, 'is the newest one')
    }
  }

  return {
    /** True where this page creates, and its address is to remember the example. */
    creates: creators.length > 0,
    followNewest,

    /** What the page filled in last. @param {Operation} operation */
    filledIn: (operation) => bodies.get(keyOf(operation))?.text,

    /**
     * A field is about to hold a value; the document's own id, which belongs to nobody, gives way to the example.
     * @param {Operation} operation @param {any} parameter @param {unknown} value
     * @returns {unknown} what to hold
     */
    shownIn(operation, parameter, value) {
      const place = placeOf(operation)
      if (!place || place.parameter !== parameter.get('name'))
        return keys.shownIn(operation, parameter, value)
      const id = value === place.placeholder ? (examples.get(place.collection) ?? value) : value
      fields.set(keyOf(operation), { parameter, id })
      return id
    },

    /** Someone wants to try this operation: if it is about one resource, there has to be one. @param {string} operationId */
    tried(operationId) {
      const place = places.find((candidate) => candidate.operationId === operationId)
      if (!place) return
      const example = examples.get(place.collection)
      if (example === undefined || gone.has(example)) make(place.collection)
    },

    /** @param {Operation} operation @param {{ ok?: boolean, status?: number, body?: any }} response */
    answered(operation, { ok = false, status = 0, body }) {
      const isRepeatable = keys.isTyped(operation)
      if ((ok || status === 409) && !isRepeatable) renew(operation)
      if ((ok || status === 409 || status === 404) && !isRepeatable) keys.renew(operation)
      const { path, method } = operation
      if (creators.some((creator) => keyOf(creator) === keyOf(operation))) {
        const why = making.delete(path) ? 'was created so that there is one to try on' : 'was just created'
        if (ok && body?.id) choose(path, body.id, why)
        return
      }
      const place = placeOf(operation)
      if (!place || !(status === 404 || (ok && method === 'delete'))) return
      const id = fields.get(keyOf(operation))?.id
      gone.add(id)
      if (id !== examples.get(place.collection) || isRepeatable) return
      make(place.collection)
      void followNewest()
    },
  }
}

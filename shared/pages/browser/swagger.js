/** Swagger UI over this service's document, with forms that `tryout.js` keeps filled in. */
import { openDocument, tokenInUse } from './access.js'
import { placesOf } from './examples.js'
import { createTryOut } from './tryout.js'

const openapi = await openDocument()
const search = new URLSearchParams(location.search)
/** `?users=<id>`, as the other page's link has it: by collection. @type {Map<string, string>} */
const linked = new Map()
for (const { collection } of placesOf(openapi)) {
  const id = search.get(collection.slice(1))
  if (id) linked.set(collection, id)
}

const tryOut = createTryOut(openapi, linked, {
  bodyOf: ({ path, method }) => ui.oas3Selectors.requestBodyValue(path, method),
  setBody: ({ path, method }, value) =>
    ui.oas3Actions.setRequestBodyValue({ value, pathMethod: [path, method] }),
  setField: ({ path, method }, parameter, id) =>
    ui.specActions.changeParamByIdentity([path, method], parameter, id, false),
  setHeader: ({ path, method }, name, parameter, value) =>
    parameter
      ? ui.specActions.changeParamByIdentity([path, method], parameter, value, false)
      : ui.specActions.changeParam([path, method], name, 'header', value, false),
  send({ path, method }) {
    ui.oas3Actions.setRequestContentType({ value: 'application/json', pathMethod: [path, method] })
    ui.specActions.execute({ path, method, operation: ui.specSelectors.operationWithMeta(path, method) })
  },
  tell,
})

/** @typedef {(...given: any[]) => any} Original what the plugin wraps */
const plugin = {
  statePlugins: {
    spec: {
      wrapActions: {
        changeParamByIdentity:
          (/** @type {Original} */ change) =>
          (
            /** @type {[[string, string], any, unknown, boolean]} */ ...[
              [path, method],
              parameter,
              value,
              isXml,
            ]
          ) =>
            change([path, method], parameter, tryOut.shownIn({ path, method }, parameter, value), isXml),
        setResponse:
          (/** @type {Original} */ set) =>
          (/** @type {[string, string, any]} */ ...[path, method, response]) => {
            const action = set(path, method, response)
            // An answer of 4xx or 5xx comes wrapped in an error.
            tryOut.answered({ path, method }, response.err?.response ?? response)
            return action
          },
      },
    },
    oas3: {
      wrapSelectors: {
        // "Reset" goes back to what the page filled in last, and is there only if that was changed.
        selectDefaultRequestBodyValue:
          (/** @type {Original} */ select) =>
          (/** @type {[unknown, string, string]} */ ...[state, path, method]) =>
            tryOut.filledIn({ path, method }) ?? select(state, path, method),
        hasUserEditedBody:
          (/** @type {Original} */ select, /** @type {any} */ system) =>
          (/** @type {[unknown, string, string]} */ ...[state, path, method]) => {
            const filledIn = tryOut.filledIn({ path, method })
            if (filledIn === undefined) return select(state, path, method)
            return (system.oas3Selectors.requestBodyValue(path, method) ?? filledIn) !== filledIn
          },
      },
    },
    layout: {
      wrapActions: {
        show:
          (/** @type {Original} */ show) =>
          (/** @type {[string[], boolean]} */ ...[thing, isShown]) => {
            if (isShown && thing[3] === 'try-it-out' && thing[2]) tryOut.tried(thing[2])
            return show(thing, isShown)
          },
      },
    },
  },
}

/** @type {any} */
const ui = /** @type {any} */ (globalThis).SwaggerUIBundle({
  spec: openapi,
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
  plugins: [plugin],
  onComplete: () => void started(),
})

async function started() {
  // "Authorize" begins with what opened the document.
  if (tokenInUse() !== undefined) ui.preauthorizeApiKey('token', tokenInUse())
  for (const [collection, id] of linked) {
    tell(collection, id, "is in this page's address")
    if (!location.hash) openFirst(collection)
  }
  await tryOut.followNewest()
  // Back from the page where something was created.
  document.addEventListener('visibilitychange', () => void (document.hidden || tryOut.followNewest()))
}

/** @param {string} collection */
function openFirst(collection) {
  const place = placesOf(openapi).find((candidate) => candidate.collection === collection)
  if (!place) return
  const { tags } = openapi.paths[place.path][place.method]
  const thing = ['operations', tags?.[0] ?? 'default', place.operationId]
  ui.layoutActions.show(thing, true)
  ui.layoutActions.show([...thing, 'try-it-out'], true)
}

/**
 * Which example is in the forms, why, and the way to it on the other page.
 * @param {string} collection @param {string | undefined} id @param {string} why
 */
function tell(collection, id, why) {
  const query = id === undefined ? '' : `?${collection.slice(1)}=${id}`
  // So that a reload keeps it.
  if (tryOut.creates && query) history.replaceState(undefined, '', query + location.hash)
  const other = /** @type {HTMLAnchorElement} */ (document.getElementById('other'))
  other.href = other.href.replace(/\?.*/, '') + query
  const name = document.createElement('code')
  name.textContent = id === undefined ? collection : `${collection}/${id}`
  const link = document.createElement('a')
  link.href = other.href
  link.textContent = `${id === undefined ? 'Open the' : 'Open it in the'} ${other.textContent}`
  const bar = /** @type {HTMLElement} */ (document.getElementById('example'))
  bar.replaceChildren(name, ` ${why}. `, link)
  bar.hidden = false
}

const dark = matchMedia('(prefers-color-scheme: dark)')
const followTheme = () => document.documentElement.classList.toggle('dark-mode', dark.matches)
dark.addEventListener('change', followTheme)
followTheme()

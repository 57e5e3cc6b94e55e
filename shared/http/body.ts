import { HttpProblem } from './problem.ts'

/** Largest request body where nothing else is set. */
export const bodyBytesMaxDefault = 65_536

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Deepest nesting of arrays and objects. */
export const bodyDepthMax = 32

/**
 * The request's JSON body. Elysia's own parser takes text/plain for JSON, knows no size limit and mends invalid UTF-8
 * silently, so the check is ours.
 * @param limits the media types that the route takes, all of them JSON by syntax
 * @returns undefined when there is no body
 * @throws HttpProblem 400 `malformed-json`, 413 `content-too-large`, 415 `unsupported-media-type`, 422 `invalid` where
 *   it is nested too deeply
 */
export async function readJsonBody(
  request: Request,
  limits: { readonly bytesMax: number; readonly mediaTypes: readonly string[] },
): Promise<unknown> {
  const { headers } = request
  if (headers.get('content-length') === '0' || request.body === null) return undefined
  refuseForeign(request, limits.mediaTypes)
  const bytes = await readBounded(request, limits.bytesMax)
  const text = orMalformed(() => utf8.decode(bytes))
  if (depthOf(text) > bodyDepthMax)
    throw new HttpProblem('invalid', {
      errors: [{ pointer: '/', detail: `arrays and objects may be nested ${bodyDepthMax} deep` }],
    })
  return orMalformed(() => JSON.parse(text) as unknown)
}

/** RFC 9110, 15.5.16: the answer says what would have been taken. */
function refuseForeign({ method, headers }: Request, mediaTypes: readonly string[]): void {
  const [, type] = contentType.exec(headers.get('content-type') ?? '') ?? []
  const accepted = mediaTypes.join(', ')
  if (type === undefined || !mediaTypes.includes(type.toLowerCase()))
    throw new HttpProblem('unsupported-media-type', {
      detail: `the body must be ${mediaTypes.join(' or ')}, in UTF-8`,
      headers: { accept: accepted, ...(method === 'PATCH' && { 'accept-patch': accepted }) },
    })
  if (headers.has('content-encoding'))
    throw new HttpProblem('unsupported-media-type', {
      detail: 'the body must not be encoded',
      headers: { 'accept-encoding': 'identity' },
    })
}

const contentType = /^([\w!#$&^.+-]+\/[\w!#$&^.+-]+)\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i

function orMalformed<T>(read: () => T): T {
  try {
    return read()
  } catch {
    throw new HttpProblem('malformed-json')
  }
}

/** Of brackets outside strings; right for well-formed JSON, and never costlier than reading it. */
function depthOf(text: string): number {
  let [depth, deepest, isString] = [0, 0, false]
  for (let index = 0; index < text.length; index++) {
    const char = text[index]
    if (char === '"') isString = !isString
    else if (isString) index += char === '\\' ? 1 : 0
    else if (char === '{' || char === '[') deepest = Math.max(deepest, ++depth)
    else if (char === '}' || char === ']') depth--
  }
  return deepest
}

async function readBounded(request: Request, bytesMax: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new HttpProblem('content-too-large', { detail: `at most ${bytesMax} bytes are accepted` })
  const announced = request.headers.get('content-length')
  if (announced !== null) {
    if (Number(announced) > bytesMax) throw tooLarge()
    return new Uint8Array(await request.arrayBuffer())
  }
  // A chunked body announces nothing: count while it arrives.
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    length += chunk.byteLength
    if (length > bytesMax) throw tooLarge()
    chunks.push(chunk)
  }
  const bytes = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    bytes.set(chunk, offset)
    offset += chunk.byteLength
  }
  return bytes
}

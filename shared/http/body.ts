import { HttpProblem } from './problem.ts'

/** Largest request body where nothing else is set. */
export const bodyBytesMaxDefault = 65_536

const utf8 = new TextDecoder('utf-8', { fatal: true })

/**
 * The request's JSON body. Elysia's own parser takes text/plain for JSON, knows no size limit and mends invalid UTF-8
 * silently, so the check is ours.
 * @returns undefined when there is no body
 * @throws HttpProblem 400 `malformed-json`, 413 `content-too-large`, 415 `unsupported-media-type`
 */
export async function readJsonBody(request: Request, bytesMax: number): Promise<unknown> {
  const { headers } = request
  if (headers.get('content-length') === '0' || request.body === null) return undefined
  if (!jsonMediaType.test(headers.get('content-type') ?? '') || headers.has('content-encoding'))
    throw new HttpProblem('unsupported-media-type')
  const bytes = await readBounded(request, bytesMax)
  try {
    return JSON.parse(utf8.decode(bytes))
  } catch {
    throw new HttpProblem('malformed-json')
  }
}

const jsonMediaType = /^application\/json\s*(;\s*charset\s*=\s*"?utf-8"?\s*)?$/i

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

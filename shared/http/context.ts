/** What a request carries through outbox, broker and projection. Made once per request, on first use. */
export interface RequestContext {
  readonly requestId: string
  /** W3C trace context; continued when the client sent a valid one, else begun here. */
  readonly traceparent: string
  readonly tracestate: string | undefined
  readonly correlationId: string | undefined
  readonly causationId: string | undefined
  readonly startedAtMs: number
  /** Who sent it; undefined where there is no authentication. */
  readonly principal?: Principal
}

export interface Principal {
  /** Printable ASCII, 255 characters at most: the actor of the events that the request leads to. */
  readonly subject: string
  readonly scopes: readonly string[]
}

const contexts = new WeakMap<Request, RequestContext>()

export function contextOf(request: Request): RequestContext {
  let context = contexts.get(request)
  if (!context) contexts.set(request, (context = createContext(request.headers)))
  return context
}

/** From now on the request's context tells who sent it. */
export function identify(request: Request, principal: Principal): void {
  contexts.set(request, { ...contextOf(request), principal })
}

function createContext(headers: Headers): RequestContext {
  const trace = headers.get('traceparent')
  const continued = trace !== null && traceparentPattern.test(trace) && !/^00-(0{32}|.{32}-0{16})/.test(trace)
  const tracestate = headers.get('tracestate')
  return {
    requestId: token(headers.get('x-request-id')) ?? crypto.randomUUID(),
    traceparent: continued ? trace : newTraceparent(),
    tracestate: continued && tracestate && tracestatePattern.test(tracestate) ? tracestate : undefined,
    correlationId: token(headers.get('x-correlation-id')),
    causationId: token(headers.get('x-causation-id')),
    startedAtMs: performance.now(),
  }
}

/** Foreign ids are taken only when they are harmless in a log line, a header and the broker's short strings. */
const token = (value: string | null) => (value !== null && tokenPattern.test(value) ? value : undefined)
const tokenPattern = /^[\w.:/+=@-]{1,128}$/
const traceparentPattern = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/
const tracestatePattern = /^[\x20-\x7e]{1,512}$/

/** Out of UUIDs: the runtime has random ones ready. */
function newTraceparent(): string {
  const [trace, span] = [hexOf(crypto.randomUUID()), hexOf(crypto.randomUUID())]
  return `00-${trace}-${span.slice(16)}-01`
}

const hexOf = (uuid: string) => uuid.replaceAll('-', '')

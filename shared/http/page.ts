/** What the pages say of the service. */
export interface PageSubject {
  readonly title: string
  readonly description: string
  /** The other side: the pages link to it and show its state. */
  readonly other: OtherService
}

export interface OtherService {
  readonly title: string
  /** As clients see it, without a slash at the end. */
  readonly url: string
}

/** One HTML page; everything it needs comes from the service itself. */
export interface Page {
  readonly title: string
  readonly description: string
  /** Names of assets. */
  readonly styles: readonly string[]
  /** Name of an asset that is a module; it runs after the page is read. */
  readonly script?: string
  /** Names of assets that are plain scripts, before the module. */
  readonly library?: string
  /** Trusted HTML: what is put into it went through `escapeHtml`. */
  readonly body: string
  /** What its scripts may call besides the service itself. */
  readonly connectTo?: readonly string[]
}

export function renderHtml({ title, description, styles, script, library, body }: Page): string {
  const lines = [
    '<!doctype html>',
    '<html lang="en">',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escapeHtml(title)}</title>`,
    `<meta name="description" content="${escapeHtml(description)}">`,
    '<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">',
    ...styles.map((name) => `<link rel="stylesheet" href="/assets/${name}">`),
    ...(library === undefined ? [] : [`<script defer src="/assets/${library}"></script>`]),
    ...(script === undefined ? [] : [`<script type="module" src="/assets/${script}"></script>`]),
    `<body>`,
    body,
    '</html>',
    '',
  ]
  return lines.join('\n')
}

/** Nothing inline and nothing foreign; `data:` pictures are in Swagger UI's style sheet. */
export function pageHeaders({ connectTo = [] }: Page): Record<string, string> {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src ${["'self'", ...connectTo].join(' ')}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ]
  return {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': policy.join('; '),
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-cache',
  }
}

/** The page as a route gives it. */
export function served(page: Page) {
  const [html, headers] = [renderHtml(page), pageHeaders(page)]
  return (set: { headers: Record<string, unknown> }) => {
    Object.assign(set.headers, headers)
    return html
  }
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const escapeHtml = (text: string) => text.replace(/[&<>"']/g, (char) => entities[char]!)

import { Elysia } from 'elysia'
import { assetRoutes, type Asset } from './assets.ts'
import { homeLinks, homePage } from './home-page.ts'
import { pageHeaders, renderHtml, type Page, type PageSubject } from './page.ts'
import { swaggerPage } from './swagger-page.ts'
import { negotiated } from './weighted.ts'

/** `/` and `/swagger` for people, and their assets. Who asks for JSON gets the same links at `/` as JSON. */
export function pageRoutes(subject: PageSubject, assets: readonly Asset[]) {
  const [home, swagger] = [served(homePage(subject)), served(swaggerPage(subject))]
  const hidden = { detail: { hide: true } }
  return new Elysia({ name: 'pages' })
    .use(assetRoutes(assets))
    .get(
      '/',
      ({ request, set }) => {
        set.headers['vary'] = 'Accept, Origin'
        return prefersJson(request.headers.get('accept')) ? homeLinks(subject) : home(set)
      },
      hidden,
    )
    .get('/swagger', ({ set }) => swagger(set), hidden)
}

function served(page: Page) {
  const [html, headers] = [renderHtml(page), pageHeaders(page)]
  return (set: { headers: Record<string, unknown> }) => {
    Object.assign(set.headers, headers)
    return html
  }
}

/** True when `Accept` ranks JSON above HTML; without a preference it is the page. */
export const prefersJson = (accept: string | null): boolean =>
  negotiated(accept, ['text/html', 'application/json']) === 'application/json'

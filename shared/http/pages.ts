import { Elysia } from 'elysia'
import { assetRoutes, type Asset } from './assets.ts'
import { homeLinks, homePage } from './home-page.ts'
import { served, type PageSubject } from './page.ts'
import { swaggerPage } from './swagger-page.ts'
import { prefersJson } from './weighted.ts'

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

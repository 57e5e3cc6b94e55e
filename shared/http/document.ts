import { swagger } from '@elysiajs/swagger'
import { Elysia, type AnyElysia } from 'elysia'
import { documentAccess } from './access/access-document.ts'
import type { HttpAppOptions } from './app.ts'
import { openapi } from './openapi.ts'
import { documentReads } from './read-document.ts'
import { documentWrites } from './write-document.ts'

/**
 * `/swagger/json`, made at the first request. The plugin works in an app of its own, so that its page, which loads
 * scripts from elsewhere, can be reached by nobody.
 * @param documented the plugins whose routes it describes
 */
export function documentRoute(
  {
    title,
    description,
    writes,
    access = {},
  }: Pick<HttpAppOptions, 'title' | 'description' | 'writes' | 'access'>,
  documented: readonly AnyElysia[],
) {
  let document: Promise<Record<string, unknown>> | undefined
  async function make() {
    const info = { title, description, version: '1.0.0' }
    const app = new Elysia().use(swagger({ path: '/page', specPath: '/document', documentation: { info } }))
    for (const plugin of documented) app.use(plugin)
    const raw = await app.handle(new Request('http://localhost/document'))
    const document = documentAccess(documentReads(openapi(await raw.json())), access)
    return writes ? documentWrites(document, writes) : document
  }
  return new Elysia({ name: 'document' }).get('/swagger/json', () => (document ??= make()), {
    detail: { hide: true },
  })
}

import { escapeHtml, type Page, type PageSubject } from './page.ts'

/** Swagger UI over the service's own document. The bar above it says which example values the page filled in. */
export function swaggerPage({ title, description, other }: PageSubject): Page {
  const otherUrl = escapeHtml(other.url)
  return {
    title: `${title}: API`,
    description,
    styles: ['swagger-ui.css', 'base.css', 'swagger.css'],
    library: 'swagger-ui-bundle.js',
    script: 'swagger.js',
    body: `
<header class="bar">
  <a class="brand" href="/"><img src="/assets/icon.svg" alt="" width="24" height="24">Overview</a>
  <nav>
    <a href="/swagger/json">OpenAPI document</a>
    <a id="other" href="${otherUrl}/swagger">${escapeHtml(other.title)}</a>
  </nav>
</header>
<p id="example" class="example" role="status" hidden></p>
<main id="swagger-ui"><noscript>This page needs JavaScript. The document itself is at /swagger/json.</noscript></main>`,
  }
}

import { escapeHtml, type Page, type PageSubject } from './page.ts'

const links = {
  'Swagger UI': '/swagger',
  'OpenAPI document': '/swagger/json',
  Problems: '/problems',
  Metrics: '/metrics',
} as const
const health = { Live: '/health/live', Ready: '/health/ready', Pipeline: '/health/pipeline' } as const

/** What this is, where things are, and how both services are: its script asks them every other second. */
export function homePage(subject: PageSubject): Page {
  const { title, description, other } = subject
  return {
    title,
    description,
    styles: ['base.css', 'home.css'],
    script: 'home.js',
    connectTo: [new URL(other.url).origin],
    body: `
<main>
  <header>
    <img src="/assets/icon.svg" alt="" width="44" height="44">
    <div><h1>${escapeHtml(title)}</h1><p>${escapeHtml(description)}</p></div>
  </header>
  <section class="figures" aria-label="Figures">
    <figure><figcaption>Lag of the read side</figcaption><strong id="lag">–</strong>
      <svg id="lag-line" viewBox="0 0 240 40" preserveAspectRatio="none" aria-hidden="true"><polyline points=""/></svg></figure>
    <figure><figcaption>Last heartbeat through the pipeline</figcaption><strong id="heartbeat">–</strong>
      <small>sent by the relay, seen by the projector</small></figure>
    <figure><figcaption>Pipeline</figcaption><strong id="pipeline" class="state">–</strong>
      <small id="pipeline-reason"></small></figure>
  </section>
  <section class="services" aria-label="Services">
    ${card(title, '')}
    ${card(other.title, other.url)}
  </section>
  <noscript>The figures need JavaScript; the links do not.</noscript>
  <footer>Asked every two seconds. <code>curl -H 'accept: application/json'</code> gets these links as JSON.</footer>
</main>`,
  }
}

/** The same links for programs. */
export function homeLinks({ title, description, other }: PageSubject) {
  return {
    title,
    description,
    links: {
      swagger: links['Swagger UI'],
      openapi: links['OpenAPI document'],
      problems: links.Problems,
      metrics: links.Metrics,
      live: health.Live,
      ready: health.Ready,
      pipeline: health.Pipeline,
    },
    other: { title: other.title, url: `${other.url}/` },
  }
}

/** @param url of the service; empty for this one */
function card(title: string, url: string): string {
  const base = escapeHtml(url)
  const anchors = (of: Readonly<Record<string, string>>) =>
    Object.entries(of).map(([text, path]) => `<a href="${base}${path}">${text}</a>`)
  const heading = url === '' ? escapeHtml(title) : `<a href="${base}/">${escapeHtml(title)}</a>`
  return `<article data-service="${base}">
      <h2>${heading} <span class="state" data-state></span></h2>
      <p class="address">${url === '' ? 'this one' : base}</p>
      <table><tbody data-checks></tbody></table>
      <nav>${anchors(links).join('\n        ')}</nav>
      <nav aria-label="Health">Health: ${anchors(health).join('\n        ')}</nav>
    </article>`
}

import { Elysia } from 'elysia'
import { escapeHtml, served, type Page } from './page.ts'
import { HttpProblem } from './problem.ts'
import { problemExample, problems, type ProblemKind, type ProblemSlug } from './problems.ts'
import { prefersJson } from './weighted.ts'

const kinds: ReadonlyMap<string, ProblemKind> = new Map(Object.entries<ProblemKind>(problems))

/**
 * `/problems/<slug>`, where the `type` of every problem leads, and `/problems` with all of them: a page for people, the
 * same as JSON for programs.
 * @param hasPages false where the process has no style sheets: then it is JSON for everyone
 */
export function problemRoutes(hasPages: boolean) {
  const shown = new Map<string, ReturnType<typeof served>>()
  for (const [slug, kind] of kinds) shown.set(slug, served(onePage(slug, kind)))
  const all = served(problemsPage())
  const hidden = { detail: { hide: true } }
  return new Elysia({ name: 'problems' })
    .get('/problems', ({ request, set }) => (isJson(request, set) ? { problems: index } : all(set)), hidden)
    .get(
      '/problems/:slug',
      ({ params: { slug }, request, set }) => {
        const page = shown.get(slug)
        if (!page) throw new HttpProblem('not-found', { detail: 'there is no such kind of problem' })
        return isJson(request, set) ? described(slug) : page(set)
      },
      hidden,
    )

  function isJson({ headers }: Request, set: { headers: Record<string, unknown> }): boolean {
    set.headers['vary'] = 'Accept, Origin'
    set.headers['cache-control'] = 'no-cache'
    return !hasPages || prefersJson(headers.get('accept'))
  }
}

const index = [...kinds].map(([slug, { title, status }]) => ({ type: `/problems/${slug}`, title, status }))

function described(slug: string) {
  const { title, status, cause, fix } = kinds.get(slug)!
  return {
    type: `/problems/${slug}`,
    title,
    status,
    cause,
    fix,
    example: problemExample(slug as ProblemSlug),
  }
}

const styles = ['base.css', 'home.css', 'problems.css']

function onePage(slug: string, { title, status, cause, fix }: ProblemKind): Page {
  const example = JSON.stringify(problemExample(slug as ProblemSlug), undefined, 2)
  return {
    title,
    description: plain(cause),
    styles,
    body: `
<main>
  <header>
    <img src="/assets/icon.svg" alt="" width="44" height="44">
    <div><h1>${escapeHtml(title)}</h1><p>Status ${status}, type <code>/problems/${slug}</code></p></div>
  </header>
  <article class="problem">
    <h2>Why it comes up</h2>
    <p>${prose(cause)}</p>
    <h2>What to do</h2>
    <p>${prose(fix)}</p>
    <h2>An example</h2>
    <pre><code>${escapeHtml(example)}</code></pre>
  </article>
  <footer><a href="/problems">All problems</a> · <a href="/">Overview</a></footer>
</main>`,
  }
}

export function problemsPage(): Page {
  const rows = index.map(
    ({ type, title, status }) =>
      `<tr><th>${status}</th><th><a href="${type}">${escapeHtml(title)}</a></th><td><code>${type.split('/').at(-1)}</code></td></tr>`,
  )
  return {
    title: 'Problems',
    description: 'Every kind of error that the services answer.',
    styles,
    body: `
<main>
  <header>
    <img src="/assets/icon.svg" alt="" width="44" height="44">
    <div><h1>Problems</h1><p>Every error is <code>application/problem+json</code> (RFC 9457); its <code>type</code> is one of these.</p></div>
  </header>
  <article class="problem"><table><tbody>
    ${rows.join('\n    ')}
  </tbody></table></article>
  <footer><a href="/">Overview</a></footer>
</main>`,
  }
}

const prose = (text: string) => escapeHtml(text).replace(/`([^`]+)`/g, '<code>$1</code>')
const plain = (text: string) => text.replaceAll('`', '')

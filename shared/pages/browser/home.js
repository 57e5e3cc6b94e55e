/**
 * Asks both services how they are, every other second while somebody looks.
 *
 * @typedef {{ name: string, state: 'ok' | 'degraded' | 'failed', reason?: string, latency_ms?: number, seconds?: number }} Check
 * @typedef {{ status: Check['state'] | 'closed', checks: Check[] }} HealthReport
 */
const everyMs = 2_000
const timeoutMs = 1_900
const lagsKept = 60

/** Seconds, oldest first. @type {number[]} */
const lags = []
const words = {
  ok: 'ready',
  degraded: 'degraded',
  failed: 'not ready',
  closed: 'not for you',
  unreachable: 'no answer',
}
const pipelineWords = {
  ok: 'flowing',
  degraded: 'degraded',
  failed: 'alarm',
  closed: 'asks for a token',
  unreachable: 'no answer',
}

const element = (/** @type {string} */ id) => /** @type {HTMLElement} */ (document.getElementById(id))
const cards = /** @type {HTMLElement[]} */ ([...document.querySelectorAll('[data-service]')])

void refresh()
setInterval(() => void (document.hidden || refresh()), everyMs)
document.addEventListener('visibilitychange', () => void (document.hidden || refresh()))

async function refresh() {
  const reports = await Promise.all(
    cards.map(async (card) => {
      const [ready, pipeline] = await Promise.all([ask(card, '/health/ready'), ask(card, '/health/pipeline')])
      showService(card, ready)
      return pipeline
    }),
  )
  showPipeline(reports)
}

/** @param {HTMLElement} card @param {string} path @returns {Promise<HealthReport | undefined>} */
async function ask(card, path) {
  try {
    const answer = await fetch(card.dataset['service'] + path, { signal: AbortSignal.timeout(timeoutMs) })
    // It is asked for without a token: this page has none.
    if (answer.status === 401) return { status: 'closed', checks: [] }
    return await answer.json()
  } catch {
    return undefined
  }
}

/** @param {HTMLElement} card @param {HealthReport | undefined} report */
function showService(card, report) {
  show(/** @type {HTMLElement} */ (card.querySelector('[data-state]')), report?.status, words)
  const rows = (report?.checks ?? []).map((check) => {
    const row = document.createElement('tr')
    row.append(
      cell('th', check.name),
      stateCell(check),
      cell('td', check.latency_ms === undefined ? '' : `${check.latency_ms} ms`),
    )
    return row
  })
  card.querySelector('[data-checks]')?.replaceChildren(...rows)
}

/** The lag and the heartbeats are known to the side that applies events; the alarms to both. */
function showPipeline(/** @type {(HealthReport | undefined)[]} */ reports) {
  const checks = reports.flatMap((report) => report?.checks ?? [])
  const seconds = (/** @type {string} */ name) => checks.find((check) => check.name === name)?.seconds
  const lag = seconds('lag')
  if (lag !== undefined) lags.push(lag)
  lags.splice(0, lags.length - lagsKept)
  element('lag').textContent = duration(lag)
  element('heartbeat').textContent = duration(seconds('heartbeats'), ' ago')
  drawLags()

  const worst = reports.includes(undefined)
    ? undefined
    : ['closed', 'failed', 'degraded', 'ok'].find((state) =>
        reports.some((report) => report?.status === state),
      )
  show(element('pipeline'), worst, pipelineWords)
  const alarm =
    checks.find(({ state }) => state === 'failed') ?? checks.find(({ state }) => state === 'degraded')
  const reasons = { ok: 'from the command to the document', closed: 'see /health/pipeline with a token' }
  const fine = worst === 'ok' || worst === 'closed' ? reasons[worst] : 'a service does not answer'
  element('pipeline-reason').textContent = alarm ? `${alarm.name}: ${alarm.reason ?? alarm.state}` : fine
}

function drawLags() {
  const highest = Math.max(0.1, ...lags)
  const points = lags.map((lag, index) => {
    const x = 240 - (lags.length - 1 - index) * (240 / (lagsKept - 1))
    return `${x.toFixed(1)},${(38 - (lag / highest) * 36).toFixed(1)}`
  })
  document.querySelector('#lag-line polyline')?.setAttribute('points', points.join(' '))
}

/** @param {number | undefined} seconds @param {string} [after] */
function duration(seconds, after = '') {
  if (seconds === undefined) return '–'
  return (seconds < 1 ? `${Math.round(seconds * 1_000)} ms` : `${seconds.toFixed(1)} s`) + after
}

/** @param {HTMLElement} target @param {string | undefined} state @param {Record<string, string>} names */
function show(target, state, names) {
  target.textContent = names[state ?? 'unreachable'] ?? ''
  target.dataset['state'] = state ?? 'unreachable'
}

/** @param {Check} check */
function stateCell({ state, reason }) {
  const made = cell('td', reason ?? state)
  made.dataset['state'] = state
  return made
}

/** @param {'td' | 'th'} tag @param {string} text */
function cell(tag, text) {
  const made = document.createElement(tag)
  made.textContent = text
  return made
}

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { existingK6 } from '../../ops/load/k6.ts'
import type { Curve } from '../../ops/load/curve.ts'
import type { Measured } from '../../ops/load/measure.ts'
import { startSystem, type RunningSystem } from '../support/system.ts'

const howToGetK6 = 'The load scripts are tried with k6, and there is none: npm run load -- k6'

if (existingK6() === undefined)
  test('the load scripts are not tried where there is no k6', () => {
    // It takes minutes to build: whoever has none still gets a result for everything else.
    if (process.env['CI']) throw new Error(howToGetK6)
    console.warn(howToGetK6)
  })
else describe('npm run load', withK6)

function withK6() {
  let system: RunningSystem
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'load-'))
    system = await startSystem({ IDEMPOTENCY_KEY_REQUIRED: '1', IF_MATCH_REQUIRED: '1' })
  }, 30_000)
  afterAll(async () => {
    await system.stop()
    await rm(folder, { recursive: true })
  })

  /** Users and connections take k6 time to make. */
  const small = ['--users', '20', '--connections', '10']

  async function load(...args: string[]): Promise<{ code: number; output: string }> {
    const urls = (['command', 'query', 'relay'] as const).flatMap((role) => [
      `--${role}-url`,
      system[role].url,
    ])
    const child = Bun.spawn([process.execPath, 'ops/main.ts', 'load', ...urls, ...args, '--out', folder], {
      cwd: join(import.meta.dirname, '../..'),
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'inherit',
    })
    const output = await new Response(child.stdout).text()
    return { output, code: await child.exited }
  }

  async function pageOf(script: string) {
    const page = (await readdir(folder)).find((name) => name.endsWith(`-${script}.html`))!
    const html = await readFile(join(folder, page), 'utf8')
    const json = await readFile(join(folder, page.replace('.html', '.json')), 'utf8')
    return { page, html, measured: JSON.parse(json) as Measured }
  }

  test('smoke: every route is asked, every acknowledged write is readable, and the page shows it', async () => {
    const { output } = await load('smoke', '--duration', '4')
    const { page, html, measured } = await pageOf('smoke')
    expect(output).toContain(page)
    // How quick it was is the machine's affair.
    expect(measured.completeness.missing).toBe(0)
    expect(measured.completeness.acknowledged).toBeGreaterThan(50)
    expect(measured.total).toMatchObject({ failed: 0, dropped: 0 })
    const routes = [
      'DELETE /users/:id',
      'GET /users/:id',
      'GET /users?email',
      'GET /users?limit',
      'POST /users',
    ]
    expect(measured.routes.map(({ name }) => name)).toEqual([...routes, 'PUT /users/:id'])
    for (const route of routes) expect(html).toContain(route.replace("'", '&#39;'))
    expect(html).toContain('0 missing')
    const seen = measured.seconds.filter(
      ({ cores, backlogEvents, lagMs }) => cores && backlogEvents !== undefined && lagMs !== undefined,
    )
    expect(seen.length).toBeGreaterThan(0)
    for (const name of ['command', 'relay', 'query', 'k6'])
      expect(seen.some(({ cores }) => name in cores!)).toBe(true)
  }, 60_000)

  test('lag, spike and soak, side by side, each with its own answer', async () => {
    await Promise.all([
      load('lag', '--rates', '30,60', '--step-seconds', '1', ...small),
      load('spike', '--rate', '5', '--duration', '1', ...small),
      load('soak', '--rate', '20', '--duration', '4', ...small),
    ])
    const [lag, spike, soak] = await Promise.all(['lag', 'spike', 'soak'].map(pageOf))
    for (const { measured, html } of [lag!, spike!, soak!]) {
      expect(measured.completeness.missing).toBe(0)
      expect(measured.total.failed).toBe(0)
      expect(html).toContain('0 missing')
    }
    everyRate(lag!)
    thereAndBack(spike!)
    memoryOfAll(soak!)
  }, 60_000)

  type Page = Awaited<ReturnType<typeof pageOf>>

  /** Every write was read back by its token, at each rate. */
  function everyRate({ measured, html }: Page) {
    expect(measured.scenarios.map(({ offered, visible }) => [offered, visible > 10])).toEqual([
      [30, true],
      [60, true],
    ])
    for (const { visibleMs } of measured.scenarios)
      expect(visibleMs.request!.p50).toBeGreaterThan(visibleMs.answer!.p50)
    expect(html).toContain('Write to visible, by token')
  }

  /** Ten times as much in the middle, and probes all the time; how quick it was is the machine's affair. */
  function thereAndBack({ measured, html }: Page) {
    const answered = Object.fromEntries(measured.scenarios.map((one) => [one.name, one.answered]))
    expect(Object.keys(answered)).toEqual(['after', 'before', 'probes', 'spike'])
    expect(answered['spike']!).toBeGreaterThan(5 * answered['before']!)
    expect(html).toContain('Latency p95 as before')
    expect(html).toContain('Answer to visible p95 as before')
  }

  function memoryOfAll({ measured, html }: Page) {
    expect(measured.memory.map(({ name }) => name).toSorted()).toEqual(['command', 'k6', 'query', 'relay'])
    for (const { startMb, endMb } of measured.memory) {
      expect(startMb).toBeWithin(5, 5_000)
      expect(endMb).toBeWithin(5, 5_000)
    }
    expect(html).toContain('Memory by process')
  }

  test('scaling: each side with one replica and with two, which share the load, and says where it ended', async () => {
    const { code, output } = await load(
      'scaling',
      '--rate',
      '20',
      '--steps',
      '1',
      '--step-seconds',
      '2',
      '--replicas',
      '2',
      ...small,
    )
    expect(code).toBe(0)
    for (const of of ['reads, 1 replica', 'reads, 2 replicas', 'writes, 1 replica', 'writes, 2 replicas'])
      expect(output).toMatch(new RegExp(`${of}: budget kept to .*\n.*\n.* 0 missing`))
    const curves = (await pageOf('scaling')).measured as unknown as Curve[]
    const partsOf = ({ seconds }: Curve) => seconds.flatMap(({ cores = {} }) => Object.keys(cores))
    expect(partsOf(curves[0]!)).toContain('query')
    expect(partsOf(curves[1]!)).toContain('query 2')
    expect(partsOf(curves[3]!)).toContain('command 2')
    for (const { steps } of curves) expect(steps[0]!.achieved).toBeGreaterThan(5)
  }, 90_000)

  test('a system that is not there is told of', async () => {
    const { code, output } = await load('reads', '--query-url', 'http://127.0.0.1:1')
    expect([code, output]).toEqual([1, ''])
  })
}

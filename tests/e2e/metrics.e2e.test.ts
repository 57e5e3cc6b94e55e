import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { metricCatalogue, type MetricEntry } from '../../ops/monitoring/catalogue.ts'
import { expressionFaults } from '../../ops/monitoring/check-expression.ts'
import { dashboard } from '../../ops/monitoring/dashboard.ts'
import { expressionsOf, readAlerts } from '../../ops/monitoring/files.ts'
import { promlint } from '../../ops/monitoring/promlint.ts'
import { samples } from '../../ops/live-figures.ts'
import { readModels } from '../../query/read-models.ts'
import type { Role } from '../support/processes.ts'
import { waitFor } from '../support/stack.ts'
import { startSystem, type RunningSystem } from '../support/system.ts'

const person = { first_name: 'Zacharias', last_name: 'Quackenbush', email: 'zq@private.example' }
const key = 'a-key-that-nobody-else-has'

let system: RunningSystem
let id: string
const texts = new Map<Role, string>()
const roles = ['command', 'relay', 'query'] as const

beforeAll(async () => {
  system = await startSystem()
  const created = await send('POST', '/users', person)
  id = ((await created.json()) as { id: string }).id
  await send('POST', '/users', { ...person, first_name: 'Anotherine' })
  await send('PUT', `/users/${id}`, { ...person, last_name: 'Featherstonehaugh' })
  await send('PURGE', `/users/${id}`)
  const isVisible = async () => (await system.query.get(`/users/${id}`)).body?.version === 2
  await waitFor(isVisible, { timeoutMs: 10_000, what: 'the user on the read side' })
  await waitFor(
    async () => {
      for (const role of roles) texts.set(role, (await system[role].get('/metrics')).text)
      const all = [...texts.values()]
      // Health has been asked, the relay has looked at the log, and event loops have been watched, since.
      return (
        all.every((text) => samples(text, 'health_check_state').length > 0) &&
        told('relay_segments')[0]! > 0 &&
        // The other read models follow in their own time.
        told('projector_visible_latency_seconds_count').filter((count) => count === 2).length ===
          readModels.length &&
        told('event_loop_lag_seconds_count').every((count) => count > 5)
      )
    },
    { timeoutMs: 10_000, what: 'all figures' },
  )
}, 60_000)
afterAll(() => system?.stop())

async function send(method: string, path: string, body?: object): Promise<Response> {
  return fetch(`${system.command.url}${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      'idempotency-key': `"${key}-${method}-${JSON.stringify(body)?.length}"`,
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
}

/** The values of one metric, in whichever process has it. */
const told = (name: string) => [...texts.values()].flatMap((text) => samples(text, name))

/** The metrics of a process as their own lines have it. */
function families(text: string): Pick<MetricEntry, 'name' | 'type' | 'help'>[] {
  const types = new Map([...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name!, type!]))
  return [...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name, help]) => ({
    name: name!,
    type: types.get(name!) as MetricEntry['type'],
    help: help!,
  }))
}

const series = () =>
  [...texts.values()].flatMap((text) => text.split('\n').filter((line) => /^[a-z]/.test(line)))
const labelsOf = (line: string) =>
  [...line.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name, value]) => [name!, value!] as const)

describe('/metrics of the three processes', () => {
  for (const role of roles)
    test(`${role} has what is documented, and no more`, () => {
      const documented = metricCatalogue()
        .filter(({ processes }) => processes.includes(role))
        .map(({ name, type, help }) => ({ name, type, help }))
      const found = families(texts.get(role)!)
      const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1)
      expect(found.toSorted(byName)).toEqual(documented.toSorted(byName))
    })

  test('pass the lint of Prometheus, labels included', () => {
    const labels = new Map<string, Set<string>>()
    for (const line of series())
      for (const [label] of labelsOf(line)) {
        const name = line.slice(0, line.search(/[{ ]/))
        labels.set(name, (labels.get(name) ?? new Set()).add(label))
      }
    const all = [...texts.values()].flatMap(families)
    const faults = all.flatMap((family) => {
      const used = [...(labels.get(family.name) ?? [])].filter((label) => label !== 'service')
      return promlint({ ...family, labels: used })
    })
    expect(faults).toEqual([])
  })

  test('say nothing about anybody', () => {
    const all = [...texts.values()].join('\n')
    for (const word of [
      ...Object.values(person),
      'Anotherine',
      'Featherstonehaugh',
      id,
      key,
      'private.example',
    ])
      expect(all.toLowerCase()).not.toContain(word.toLowerCase())
    const values = series().flatMap((line) => labelsOf(line).map(([, value]) => value))
    expect(values.filter((value) => /@|[0-9a-f]{8}-[0-9a-f]{4}-|:\/\/|\d{5,}/.test(value))).toEqual([])
  })

  test('have few series, whatever somebody sends', async () => {
    for (let n = 0; n < 20; n++) {
      await fetch(`${system.command.url}/nowhere/${n}?q=${n}`, { headers: { 'x-request-id': `r${n}` } })
      await send('DELETE', `/users/${Bun.randomUUIDv7()}`)
    }
    const before = series().filter((line) => line.includes('service="command"')).length
    const after = (await system.command.get('/metrics')).text
      .split('\n')
      .filter((line) => /^[a-z]/.test(line))
    // One route that was not there, one that answers 404, and one command with its outcome.
    expect(after.length - before).toBeLessThan(60)
    expect(after.filter((line) => line.includes('nowhere'))).toEqual([])
    expect(texts.get('command')).toContain('method="other"')
    expect(series().length).toBeLessThan(900)
  })

  test('every alert and every panel asks for metrics and labels that are there', () => {
    const present = new Map<string, MetricEntry>()
    for (const entry of metricCatalogue())
      if (entry.processes.every((role) => texts.get(role)!.includes(`# TYPE ${entry.name} `)))
        present.set(entry.name, entry)
    const expressions = [...readAlerts().map(({ expr }) => expr), ...expressionsOf(dashboard())]
    expect(expressions.flatMap((expr) => expressionFaults(expr, [...present.values()]))).toEqual([])
  })
})

describe('tell the truth', () => {
  test('of commands, events and what became of them', () => {
    expect(told('command_events_appended_total')).toEqual([2])
    const outcomes = [...texts.get('command')!.matchAll(/^commands_total\{.*outcome="(\S+?)".*\} (\d+)$/gm)]
    expect(outcomes.map(([, outcome, count]) => `${outcome} ${count}`).toSorted()).toEqual([
      'rejected 1',
      'stored 1',
      'stored 1',
    ])
    expect(told('relay_confirmed_total')).toEqual([2])
    expect(told('relay_backlog_events')).toEqual([0])
    expect(told('projector_visible_latency_seconds_count')).toEqual(readModels.map(() => 2))
  })

  test('of what has not happened yet, so that its first time is seen', () => {
    expect(texts.get('relay')).toContain('relay_replays_finished_total{outcome="failed",service="relay"} 0')
    expect(texts.get('command')).toContain(
      'command_failures_total{reason="database-away",service="command"} 0',
    )
  })

  test('of the pools', () => {
    const [inUse = 0, idle = 0] = told('postgres_pool_connections')
    expect(inUse + idle).toBeGreaterThanOrEqual(1)
    expect(told('postgres_pool_connections_max')).toEqual([4])
    const store = told('store_pool_connections')
    expect(store).toHaveLength(2)
    expect(store[0]! + store[1]!).toBeGreaterThanOrEqual(1)
    expect(store[0]! + store[1]!).toBeLessThanOrEqual(20)
    expect(told('store_pool_waiting')).toEqual([0])
    expect(told('relay_postgres_statements').every((count) => count >= 0 && count < 10)).toBe(true)
  })

  test('of the processes: memory, CPU, start and event loop', () => {
    for (const role of roles) {
      const text = texts.get(role)!
      const [bytes = 0] = samples(text, 'process_resident_memory_bytes')
      expect(bytes).toBeGreaterThan(20e6)
      expect(bytes).toBeLessThan(1e9)
      expect(samples(text, 'process_cpu_seconds_total')[0]).toBeGreaterThan(0.05)
      const [startedS = 0] = samples(text, 'process_start_time_seconds')
      expect(Math.abs(Date.now() / 1_000 - startedS)).toBeLessThan(60)
      expect(samples(text, 'event_loop_lag_seconds_count')).toHaveLength(1)
      expect(samples(text, 'health_check_state').every((state) => state >= 0 && state <= 2)).toBe(true)
    }
  })
})

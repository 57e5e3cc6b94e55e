import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { choosePorts } from '../../ops/stack/ports.ts'
import { get, startProcess, type RunningProcess } from '../support/processes.ts'

/** Neither needs its servers to say where a route is. */
const nowhere = {
  POSTGRES_URL: 'postgres://nobody@127.0.0.1:1/none',
  MONGO_URL: 'mongodb://127.0.0.1:1/none',
  RABBITMQ_URL: 'amqp://127.0.0.1:1',
}
const forOperators = ['/metrics', '/health/pipeline', '/swagger/json', '/swagger', '/', '/assets/home.js']
const forAll = ['/health/live', '/health/ready']

for (const role of ['command', 'query'] as const) {
  const setting = `${role.toUpperCase()}_OPS_PORT`
  const statuses = (url: string, paths: readonly string[]) =>
    Promise.all(paths.map(async (path) => (await get(url + path)).status))

  describe(`S16 routes for operators of the ${role} service`, () => {
    let running: RunningProcess
    let port: number
    beforeAll(async () => {
      ;({ port } = await choosePorts({ port: 0 }))
      running = await startProcess(role, { ...nowhere, [setting]: String(port) })
    })
    afterAll(() => running.stop())

    test('moved to another port are not on the first one', async () => {
      expect(await statuses(running.url, forOperators)).toEqual(forOperators.map(() => 404))
      const elsewhere = await statuses(`http://127.0.0.1:${port}`, forOperators)
      expect(elsewhere.filter((status) => status === 404 || status === 0)).toEqual([])
    })
    test('and that port has nothing else, but the health that balancers ask', async () => {
      const operators = `http://127.0.0.1:${port}`
      expect(await statuses(operators, ['/users', '/users/x', '/problems/invalid', '/nothing'])).toEqual([
        404, 404, 404, 404,
      ])
      for (const url of [running.url, operators]) expect(await statuses(url, forAll)).toEqual([200, 503])
    })
    test('a header or another spelling of the path does not bring them back', async () => {
      const { port: open } = new URL(running.url)
      for (const path of ['/metrics/', '//metrics', '/%6detrics', '/./metrics', '/swagger/json?x'])
        expect((await get(`http://127.0.0.1:${open}${path}`)).status).toBe(404)
      const answer = await fetch(`${running.url}/metrics`, {
        headers: {
          host: `127.0.0.1:${port}`,
          'x-forwarded-port': String(port),
          'x-original-url': '/metrics',
        },
      })
      expect(answer.status).toBe(404)
    })
  })

  test(`S16 routes for operators of the ${role} service can be off`, async () => {
    const running = await startProcess(role, { ...nowhere, [setting]: 'off' })
    const [operators, all] = [await statuses(running.url, forOperators), await statuses(running.url, forAll)]
    await running.stop()
    expect(operators).toEqual(forOperators.map(() => 404))
    expect(all).toEqual([200, 503])
  })
}

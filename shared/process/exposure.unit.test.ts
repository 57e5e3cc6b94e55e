import { describe, expect, test } from 'bun:test'
import { commonSettings } from './common-settings.ts'
import { loadSettings, SettingsError } from './settings.ts'

const { ALLOW_UNAUTHENTICATED, HOST, LOG_LEVEL, RABBITMQ_URL } = commonSettings
const load = (env: Record<string, string>) => loadSettings({ ALLOW_UNAUTHENTICATED, HOST, LOG_LEVEL }, env)

describe('without authentication', () => {
  for (const host of ['', '127.0.0.1', '127.1.2.3', 'localhost', 'LOCALHOST', '::1', '[::1]'])
    test(`HOST="${host}" stays on this machine`, () => {
      expect(() => load({ HOST: host })).not.toThrow()
    })
  for (const host of ['0.0.0.0', '::', '10.0.0.7', '127.0.0.1.example.com', 'command', '::ffff:127.0.0.1'])
    test(`HOST="${host}" is refused, unless it is said to be meant`, () => {
      expect(() => load({ HOST: host })).toThrow(SettingsError)
      expect(() => load({ HOST: host, ALLOW_UNAUTHENTICATED: '0' })).toThrow(SettingsError)
      expect(load({ HOST: host, ALLOW_UNAUTHENTICATED: '1' }).HOST).toBe(host)
    })
  test('the refusal says why, and what to do', () => {
    expect(() => load({ HOST: '0.0.0.0' })).toThrow(
      /HOST is "0\.0\.0\.0".*no authentication.*127\.0\.0\.1.*ALLOW_UNAUTHENTICATED=1/,
    )
  })
  test('the secret that everyone knows stays on this machine too', () => {
    const { TOKEN_SECRET } = commonSettings
    const table = { HOST: { ...HOST, objection: () => undefined }, TOKEN_SECRET }
    expect(loadSettings(table, {}).TOKEN_SECRET).toBe(TOKEN_SECRET.default!)
    expect(() => loadSettings(table, { HOST: '0.0.0.0' })).toThrow(/TOKEN_SECRET is the default/)
    expect(() => loadSettings(table, { HOST: '0.0.0.0', TOKEN_SECRET: 'short' })).toThrow(
      /and its value is not/,
    )
    const own = '0123456789abcdef'
    expect(loadSettings(table, { HOST: '0.0.0.0', TOKEN_SECRET: own }).TOKEN_SECRET).toBe(own)
  })
  test('a table with HOST alone cannot be talked into it', () => {
    expect(() => loadSettings({ HOST }, { HOST: '0.0.0.0', ALLOW_UNAUTHENTICATED: '1' })).toThrow(
      SettingsError,
    )
  })
})

describe('S15 guest of the broker', () => {
  const broker = (url: string) => () => loadSettings({ RABBITMQ_URL }, { RABBITMQ_URL: url })
  for (const url of ['amqp://guest:guest@localhost', 'amqp://127.0.0.1:1/v', 'amqps://relay:x@rabbitmq'])
    test(`${url} is taken`, () => expect(broker(url)).not.toThrow())
  for (const url of ['amqp://guest:guest@rabbitmq', 'amqps://guest:x@10.0.0.7/v', 'amqp://rabbitmq:5672'])
    test(`${url} is refused, and its password not shown`, () => {
      expect(broker(url)).toThrow(/RABBITMQ_URL names the user guest/)
      expect(broker(url)).not.toThrow(/guest:/)
    })
})

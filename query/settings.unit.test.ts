import { describe, expect, test } from 'bun:test'
import { loadSettings, SettingsError } from '../shared/process/settings.ts'
import { querySettings } from './settings.ts'

describe('settings', () => {
  test('nothing set gives both roles on the usual ports', () => {
    expect(loadSettings(querySettings, {})).toMatchObject({
      QUERY_ROLES: ['api', 'projector'],
      QUERY_PORT: 3001,
      PROJECTOR_PORT: 3003,
      HOST: '127.0.0.1',
      PARTITIONS: 8,
    })
  })
  test('roles can be split', () => {
    expect(loadSettings(querySettings, { QUERY_ROLES: 'projector' }).QUERY_ROLES).toEqual(['projector'])
    expect(() => loadSettings(querySettings, { QUERY_ROLES: 'relay' })).toThrow(SettingsError)
  })
  test("the store's URL may name a replica set, must name a database, and is never shown", () => {
    const url = 'mongodb://app:secret@a:27017,b:27017/queries?replicaSet=rs0'
    expect(loadSettings(querySettings, { MONGO_URL: url }).MONGO_URL).toBe(url)
    const refused = () => loadSettings(querySettings, { MONGO_URL: 'mongodb://app:secret@a:27017/' })
    expect(refused).toThrow(/MONGO_URL must be a URL that .* names a database/)
    expect(refused).not.toThrow(/secret/)
  })
  test('every setting says what it is for', () => {
    for (const [name, { doc }] of Object.entries(querySettings))
      expect([name, doc.length > 20]).toEqual([name, true])
  })
})

import type { SettingsTable } from '../../shared/process/settings.ts'
import type { ReadModel, ReadModelSettings } from './read-model.ts'

/** Of all of them. @throws Error where two mean different things by one name */
export function settingsTableOf(models: readonly ReadModel[]): SettingsTable {
  const table: Record<string, SettingsTable[string]> = {}
  for (const { settings = {} } of models)
    for (const [name, setting] of Object.entries(settings)) {
      if (table[name] && table[name] !== setting) throw new Error(`two read models have a setting ${name}`)
      table[name] = setting
    }
  return table
}

/** The read model's own, with its defaults where nobody set anything. */
export function settingsOf(
  { settings = {} }: ReadModel,
  all: Readonly<Record<string, unknown>>,
): ReadModelSettings {
  return Object.fromEntries(
    Object.entries(settings).map(([name, setting]) => [name, all[name] ?? setting.default]),
  )
}

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commandSettings, migrateSettings } from '../command/settings.ts'
import { relaySettings } from '../command/relay/settings.ts'
import { withBlock } from './blocks.ts'
import { operatorSettings } from './operate/settings.ts'
import { querySettings } from '../query/settings.ts'
import { text, type Setting, type SettingsTable } from '../shared/process/settings.ts'

const localSettings = {
  STACK_DIR: text({ doc: 'Folder of the data of `npm start`.', default: '.stack' }),
}

/** Who reads which settings. */
const tables: Readonly<Record<string, SettingsTable>> = {
  command: commandSettings,
  relay: relaySettings,
  query: querySettings,
  migrate: migrateSettings,
  ops: operatorSettings,
  'npm start': localSettings,
}

const root = join(import.meta.dirname, '..')

/** The generated documents by path, as they should be: `.env.example`, and the README with its table. */
export async function generatedDocuments(): Promise<ReadonlyMap<string, string>> {
  const settings = union()
  const readme = await readFile(join(root, 'README.md'), 'utf8')
  const rows = settings.map(({ name, users, setting }) => {
    const value = setting.default === undefined ? 'required' : shown(setting)
    return `| \`${name}\` | ${value ? `\`${value}\`` : ''} | ${users.join(', ')} | ${setting.doc} |`
  })
  const table = ['| setting | default | read by | |', '| --- | --- | --- | --- |', ...rows].join('\n')
  const lines = settings.map(
    ({ name, users, setting }) =>
      `# ${setting.doc}\n# ${setting.accepts}; read by ${users.join(', ')}\n#${name}=${shown(setting)}\n`,
  )
  const example = `# Every setting with its default. Copy to .env and change what you need.\n\n${lines.join('\n')}`
  return new Map([
    [join(root, '.env.example'), example],
    [join(root, 'README.md'), withBlock(readme, 'settings', table)],
  ])
}

/** Each name once, with all who read it. @throws Error where two tables mean different things by one name */
function union(): { name: string; users: string[]; setting: Setting<unknown> }[] {
  const found = new Map<string, { name: string; users: string[]; setting: Setting<unknown> }>()
  for (const [user, table] of Object.entries(tables))
    for (const [name, setting] of Object.entries(table)) {
      const known = found.get(name)
      if (!known) found.set(name, { name, users: [user], setting })
      else if (known.setting.doc === setting.doc) known.users.push(user)
      else throw new Error(`${name} has two meanings: "${known.setting.doc}" and "${setting.doc}"`)
    }
  return [...found.values()]
}

const shown = (setting: Setting<unknown>) => String(setting.default ?? '')

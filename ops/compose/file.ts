import { readFile } from 'node:fs/promises'
import { join } from 'node:path'

export const root = join(import.meta.dirname, '../..')

/** What this project reads of its own docker-compose.yml; the text as it is there, before variables are filled in. */
export interface ComposeFile {
  services: Record<string, ComposeService>
}
export interface ComposeService {
  image: string
  build?: string
  profiles?: string[]
  ports?: string[]
  environment?: Record<string, string | number | null>
}

export async function composeFile(): Promise<ComposeFile> {
  return Bun.YAML.parse(await readFile(join(root, 'docker-compose.yml'), 'utf8')) as ComposeFile
}

/** The public images that it takes to build and start the services that have no profile. */
export async function publicImages(): Promise<string[]> {
  const { services } = await composeFile()
  const started = Object.values(services).filter(({ build, profiles }) => !build && !profiles)
  const dockerfile = await readFile(join(root, 'Dockerfile'), 'utf8')
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image!)
  return [...new Set([...bases, ...started.map(({ image }) => image)])]
}

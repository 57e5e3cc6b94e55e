import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { withBlock } from '../../../ops/blocks.ts'
import type { Progress } from '../../../ops/stack/progress.ts'
import type { BenchOptions } from '../machinery/options.ts'
import type { BenchResult } from '../run.ts'
import { benchBlock, blockName, headlineBlock } from './document.ts'
import { benchPage } from './page.ts'
import { textOf } from './text.ts'

const ROOT = join(import.meta.dir, '../../..')
const DOCUMENT = join(ROOT, 'docs/performance.md')
const README = join(ROOT, 'README.md')

/** Everything that a run leaves. */
export async function report(result: BenchResult, options: BenchOptions, progress: Progress): Promise<void> {
  progress.line(`\n${textOf(result)}`)
  if (options.json) await saved(options.json, `${JSON.stringify(result, null, 1)}\n`)
  const page =
    options.html ??
    join(ROOT, '.artifacts/bench', `${result.setting.at.slice(0, 19).replaceAll(':', '-')}.html`)
  await saved(page, benchPage(result))
  progress.line(`\n   ${page}`)
  if (!options.write) return
  await written(DOCUMENT, benchBlock(result))
  const headline = headlineBlock(result)
  if (headline) await written(README, headline)
}

async function written(file: string, block: string): Promise<void> {
  await writeFile(file, withBlock(await readFile(file, 'utf8'), blockName, block))
}

async function saved(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}

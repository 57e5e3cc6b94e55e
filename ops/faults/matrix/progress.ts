import { appendFile, mkdir, readFile, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { nameOf, type Job } from './plan.ts'
import type { RunReport } from './report.ts'

/**
 * What a matrix has done so far, a line for each run, so that one that was killed goes on where it was. It belongs to
 * one commit and one selection; with another the file is begun anew.
 */
export class ProgressFile<Report extends RunReport = RunReport> {
  private readonly done = new Map<string, Report>()

  private constructor(private readonly file: string) {}

  /** @param of tells what the runs are of */
  static async open<Report extends RunReport = RunReport>(
    file: string,
    of: object,
  ): Promise<ProgressFile<Report>> {
    const progress = new ProgressFile<Report>(file)
    const head = JSON.stringify(of)
    const text = await readFile(file, 'utf8').catch(() => '')
    const [first, ...lines] = text.split('\n')
    if (first === head) {
      // A kill may have cut the last one.
      if (lines.pop() !== '') await Bun.write(file, text.slice(0, text.lastIndexOf('\n') + 1))
      for (const line of lines) {
        const { name, report } = JSON.parse(line) as { name: string; report: Report }
        progress.done.set(name, report)
      }
      return progress
    }
    await mkdir(dirname(file), { recursive: true })
    await Bun.write(file, `${head}\n`)
    return progress
  }

  get(job: Job): Report | undefined {
    return this.done.get(nameOf(job))
  }

  get count(): number {
    return this.done.size
  }

  async add(job: Job, report: Report): Promise<void> {
    this.done.set(nameOf(job), report)
    await appendFile(this.file, `${JSON.stringify({ name: nameOf(job), report })}\n`)
  }

  /** All is done: the next matrix begins anew. */
  async end(): Promise<void> {
    await rm(this.file, { force: true })
  }
}

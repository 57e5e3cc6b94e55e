export interface Step {
  note(text: string): void
  done(result?: string): void
}

/** Shows what is going on: one updating line on a terminal, plain lines elsewhere. */
export interface Progress {
  step(name: string): Step
  line(text: string): void
  /** What is going on for good, below all lines: it replaces itself, on a terminal in its place. */
  status(text: string): void
  /** Takes the updating line away. Steps that are still open end without a word. */
  close(): void
}

const FRAMES = '⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'
const REDRAW_MS = 120
const REMINDER_MS = 10_000

interface Open {
  name: string
  note: string
  startedAt: number
}

export function terminalProgress(out: NodeJS.WriteStream): Progress {
  const open = new Set<Open>()
  let frame = 0
  let status = ''
  const clear = () => out.write('\r\x1b[2K')
  const draw = () => {
    if (open.size === 0) {
      if (status) out.write(`\r\x1b[2K${status}`)
      return
    }
    const parts = [...open].map(({ name, note, startedAt }) => {
      return `${name} ${whole(startedAt)}${note && open.size === 1 ? ` · ${note}` : ''}`
    })
    const text = ` ${FRAMES[frame++ % FRAMES.length]} ${parts.join(' · ')}`
    out.write(`\r\x1b[2K${text.slice(0, (out.columns || 80) - 1)}`)
  }
  const timer = setInterval(() => open.size > 0 && draw(), REDRAW_MS)
  timer.unref()
  const line = (text: string) => {
    clear()
    out.write(`${text}\n`)
    draw()
  }
  return {
    line,
    step: (name) => track(open, name, line),
    status(text) {
      status = text
      draw()
    },
    close() {
      clearInterval(timer)
      if (open.size > 0 || status) clear()
      open.clear()
      status = ''
    },
  }
}

export function plainProgress(write: (line: string) => void): Progress {
  const open = new Set<Open>()
  const timer = setInterval(() => {
    for (const { name, note, startedAt } of open) {
      if (performance.now() - startedAt < REMINDER_MS / 2) continue
      write(` … ${name} ${whole(startedAt)}${note && ` · ${note}`}`)
    }
  }, REMINDER_MS)
  timer.unref()
  let told = Number.NEGATIVE_INFINITY
  return {
    line: write,
    step: (name) => track(open, name, write),
    status(text) {
      if (performance.now() - told < REMINDER_MS) return
      told = performance.now()
      write(text)
    },
    close() {
      clearInterval(timer)
      open.clear()
    },
  }
}

export function progressOn(out: NodeJS.WriteStream): Progress {
  return out.isTTY ? terminalProgress(out) : plainProgress((line) => out.write(`${line}\n`))
}

/** A step that is shown only when there is something to do. */
export function lazyStep(progress: Progress, name: string) {
  let step: ReturnType<Progress['step']> | undefined
  const open = () => (step ??= progress.step(name))
  return Object.assign(open, { done: (result: string) => step?.done(result) })
}

function track(open: Set<Open>, name: string, line: (text: string) => void): Step {
  const step: Open = { name, note: '', startedAt: performance.now() }
  open.add(step)
  return {
    note: (text) => void (step.note = text),
    done(result = '') {
      if (!open.delete(step)) return
      const seconds = `${((performance.now() - step.startedAt) / 1000).toFixed(1)} s`
      line(` ✓ ${name.padEnd(22)} ${result.padEnd(34)} ${seconds.padStart(7)}`)
    },
  }
}

const whole = (startedAt: number) => `${Math.floor((performance.now() - startedAt) / 1000)} s`

const width = 20

/** `██████░░░░░░░░░░░░░░  30 %` */
export function bar(done: number, total: number): string {
  const share = total > 0 ? Math.min(1, done / total) : 0
  const filled = Math.floor(share * width)
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${String(Math.floor(share * 100)).padStart(3)} %`
}

import { summaryFile } from './settings.ts'

interface Summary {
  metrics: Record<string, { values: Record<string, number>; thresholds?: Record<string, { ok: boolean }> }>
}

/** Each budget and whether it was met; the whole summary as JSON where SUMMARY_FILE says so. */
export function handleSummary(data: Summary): Record<string, string> {
  if (summaryFile) return { [summaryFile]: JSON.stringify(data) }
  const lines = Object.entries(data.metrics)
    .filter(([, { thresholds }]) => thresholds)
    .map(([name, { values, thresholds }]) => {
      const budgets = Object.entries(thresholds!).map(([budget, { ok }]) => `${ok ? '✓' : '✗'} ${budget}`)
      return ` ${name}\n   ${budgets.join('  ')}\n   ${figures(values)}`
    })
  return { stdout: `\n${lines.join('\n')}\n` }
}

const figures = (values: Record<string, number>) =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${Number(value.toFixed(2))}`)
    .join('  ')

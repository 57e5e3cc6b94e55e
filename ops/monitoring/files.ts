import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const here = import.meta.dirname
export const alertsPath = join(here, 'alerts.yml')
export const dashboardPath = join(here, 'dashboard.json')

export interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: { readonly severity: string }
  readonly annotations: { readonly summary: string; readonly runbook: string }
}

export function readAlerts(): Alert[] {
  const file = Bun.YAML.parse(readFileSync(alertsPath, 'utf8')) as {
    readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[]
  }
  return file.groups.flatMap(({ rules }) => rules)
}

/** Those of a dashboard's panels, with Grafana's variables filled in. */
export function expressionsOf(dashboard: object): string[] {
  const { panels } = dashboard as { panels: readonly { targets?: readonly { expr: string }[] }[] }
  return panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => filledIn(expr)))
}

const filledIn = (expr: string) => expr.replaceAll('$__rate_interval', '5m')

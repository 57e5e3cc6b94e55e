import { AsyncLocalStorage } from 'node:async_hooks'
import { configureSync, getLogger, type LogRecord } from '@logtape/logtape'
import type { Logger } from './log.ts'

export const logLevels = ['debug', 'info', 'warning', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** Sets up logging for the whole process: one JSON object a line on standard output. Call once, in `main.ts`. */
export function createLogger(service: string, level: LogLevel): Logger {
  configureSync({
    reset: true,
    contextLocalStorage: new AsyncLocalStorage(),
    sinks: { stdout: (record) => void process.stdout.write(jsonLine(service, record)) },
    loggers: [
      { category: ['app'], lowestLevel: level, sinks: ['stdout'] },
      { category: ['logtape', 'meta'], lowestLevel: 'error', sinks: ['stdout'] },
    ],
  })
  return getLogger(['app'])
}

/** JSON escapes line breaks, so that whatever a client sends stays one line. */
export function jsonLine(service: string, record: LogRecord): string {
  const { error, ...properties } = record.properties
  return `${JSON.stringify({
    time: new Date(record.timestamp).toISOString(),
    level: record.level,
    service,
    message: record.rawMessage,
    ...properties,
    ...(error === undefined ? undefined : { error: describeError(error) }),
  })}\n`
}

/** Class, code and first line only: the rest of a database error's message holds the statement with its values. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error) }
  const { code } = error as { code?: unknown }
  const firstLine = error.message.split('\n', 1)[0] ?? ''
  const isStatement = /\b(insert|update|select|delete|with)\b/i.test(firstLine) && firstLine.length > 80
  return {
    name: error.name,
    ...(code === undefined ? undefined : { code }),
    message: isStatement ? (firstLine.split(' - ').at(-1) ?? '').slice(0, 200) : firstLine.slice(0, 500),
  }
}

/**
 * What a module needs of a logger; `shared/process/logger.ts` makes one. Messages are constant texts, whatever
 * varies goes into `properties`; an `error` property is shown by class, code and first line.
 */
export interface Logger {
  debug(message: string, properties?: Record<string, unknown>): void
  info(message: string, properties?: Record<string, unknown>): void
  warn(message: string, properties?: Record<string, unknown>): void
  error(message: string, properties?: Record<string, unknown>): void
}

/** For tests and tools that want no log. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }

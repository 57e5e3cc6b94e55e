import { Type } from '@sinclair/typebox'

/** Fields that several messages of the machinery have. */

/** ISO 8601, UTC. */
export const instant = Type.String({
  pattern: '^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}:\\d{2}(?:\\.\\d{1,9})?Z$',
})
/** A `seq`, a count or a version. */
export const position = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })
export const uuid = Type.String({
  pattern: '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$',
})

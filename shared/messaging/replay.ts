import { Type, type Static } from '@sinclair/typebox'
import { controlBody } from './control-body.ts'
import { instant, position, uuid } from './schemas.ts'

export const replayRequestType = 'relay.replay-request.v1'
export const replayMarkerType = 'relay.replay-marker.v1'

const shortText = Type.String({ minLength: 1, maxLength: 500 })
const name = Type.String({ pattern: '^[a-z][a-z0-9_-]{0,99}$' })
const partition = Type.Integer({ minimum: 0, maximum: 9_999 })

/**
 * What is to be sent again. Always safe beside live events: the version gate decides.
 * `all`: the current state of every row, then the log from its floor, for the deletes that it still tells.
 * `from`: the log after `seq`; where the log no longer reaches back to it, as `all`.
 * `aggregate`: the current state of one aggregate where it has one, then its events in the log.
 */
const scope = Type.Union([
  Type.Object({ kind: Type.Literal('all') }),
  Type.Object({ kind: Type.Literal('from'), seq: position }),
  Type.Object({ kind: Type.Literal('aggregate'), id: Type.String({ minLength: 1, maxLength: 128 }) }),
])
export type ReplayScope = Static<typeof scope>

const request = Type.Object({
  type: Type.Literal(replayRequestType),
  /** A repeated id is ignored, so a request may be sent until its marker comes. */
  id: uuid,
  /** The read model's name and generation: `things-g1`. */
  group: name,
  aggregate: name,
  /** How many the group has; another count than the relay's is refused. */
  partitions: Type.Integer({ minimum: 1, maximum: 9_999 }),
  /** The partitions that are to be filled; null for all. */
  only: Type.Union([Type.Array(partition, { minItems: 1, uniqueItems: true }), Type.Null()]),
  scope,
  /** For operators: why it is asked for, and by whom. No personal data. */
  reason: shortText,
  requested_by: shortText,
  requested_at: instant,
})
/** The body of a message to the relay's request queue. */
export type ReplayRequest = Static<typeof request>

const marker = Type.Object({
  type: Type.Literal(replayMarkerType),
  request: uuid,
  partition,
  /** Messages that the whole replay sent before its markers, repeats after a change of relay included. */
  sent: position,
  time: instant,
  /** Head of the log as the replay began: later events came by themselves. */
  head: position,
})
/** The last message of a replay in each queue that it filled: whoever applied it has applied the replay. */
export type ReplayMarker = Static<typeof marker>

/** @throws EventError `not-json` or `invalid-data` */
export const parseReplayRequest: (body: Uint8Array) => ReplayRequest = controlBody(request, 'the request')
/** @throws EventError `not-json` or `invalid-data` */
export const parseReplayMarker: (body: Uint8Array) => ReplayMarker = controlBody(marker, 'the marker')

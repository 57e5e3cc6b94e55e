import { Type } from '@sinclair/typebox'
import { controlBody } from './control-body.ts'
import { heartbeatType, type Heartbeat } from './names.ts'
import { instant, position } from './schemas.ts'

/**
 * A heartbeat's body, checked; a relay of an older version leaves out what is optional.
 * @throws EventError `not-json` or `invalid-data`
 */
export const parseHeartbeat: (body: Uint8Array) => Heartbeat = controlBody(
  Type.Object({
    type: Type.Literal(heartbeatType),
    time: instant,
    head: position,
    cursor: position,
    paused: Type.Optional(Type.Literal(true)),
    term: Type.Optional(position),
    number: Type.Optional(position),
    last: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Object({ seq: position, count: position, id: Type.String({ minLength: 1 }), version: position }),
      ),
    ),
  }),
  'the heartbeat',
)

/** What both peers send: the whole state at its version, or that the user is gone. */
export interface UserEvent {
  readonly type: 'user.created' | 'user.updated' | 'user.deleted'
  readonly id: string
  readonly version: number
  readonly occurred_at: string
  readonly data?: object
}

/** The same in every record: a change is known by its user and version. */
export const eventId = ({ id, version }: UserEvent) => `${id}:${version}`

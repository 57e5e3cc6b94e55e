/** The roles of the write side, named by the users of their connection URLs. */
export interface Roles {
  /** Owns the schema, migrates it, and keeps the segments. */
  readonly owner: Role
  /** The command service: state and appends, never a change of the log. */
  readonly command: Role
  /** The relay: reads the log and the state, writes only its own cursor. */
  readonly relay: Role
}

export interface Role {
  readonly name: string
  readonly password: string
}

/** @throws Error when a URL has no user */
export function rolesOf(urls: { owner: string; command: string; relay: string }): Roles {
  return { owner: roleOf(urls.owner), command: roleOf(urls.command), relay: roleOf(urls.relay) }
}

function roleOf(url: string): Role {
  const { username, password } = new URL(url)
  if (!username)
    throw new Error('a PostgreSQL URL must name its user: postgres://USER:PASSWORD@HOST:PORT/DATABASE')
  return { name: decodeURIComponent(username), password: decodeURIComponent(password) }
}

/**
 * Where a rebuild is. Kept in the pointer, so that whoever runs the verb next goes on there.
 *
 * `filling`: both generations are fed, the new one is being filled. `switched`: the new one is read, the old one is
 * still fed. `rolled-back`: the old one is read again, both are fed. `retiring`: one of them is no longer fed, and is
 * to be taken away with its queues.
 */
export interface Rebuild {
  readonly phase: 'filling' | 'switched' | 'rolled-back' | 'retiring'
  readonly from: number
  readonly to: number
  /** ISO 8601. */
  readonly started_at: string
  readonly started_by: string
  readonly switched_at?: string
  /** In `retiring`, why the new one is given up; absent where the old one is retired. */
  readonly failure?: string
}

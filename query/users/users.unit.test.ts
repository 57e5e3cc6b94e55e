import { expect, test } from 'bun:test'
import { Value } from '@sinclair/typebox/value'
import type { UserEvent } from '../../shared/events/users.ts'
import { encodeCursor } from '../paging.ts'
import { userDocument } from './document.ts'
import { foldName } from './folding.ts'
import { userListing } from './list.ts'
import { projectUser, users } from './users.ts'

const data = {
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  first_name: 'Zoë',
  last_name: "O'Neil",
  email: 'Zoe@Example.com',
  created_at: '2026-01-02T03:04:05.678Z',
  updated_at: '2026-01-03T03:04:05.678Z',
}
const event = (type: UserEvent['type']) => ({ type, data }) as UserEvent

test('the names that queues and collections are made of never change by themselves', () => {
  expect([users.group, users.collection, users.handles.aggregate]).toEqual(['users-g1', 'users_g1', 'users'])
})

test('every event that carries a state gives the whole document', () => {
  for (const type of ['users.user.created.v2', 'users.user.updated.v2', 'users.user.snapshot.v2'] as const) {
    const document = projectUser(event(type))
    expect(document).toEqual({
      first_name: 'Zoë',
      last_name: "O'Neil",
      email: 'Zoe@Example.com',
      created_at: data.created_at,
      updated_at: data.updated_at,
      first_name_key: 'zoe',
      last_name_key: "o'neil",
      email_key: 'zoe@example.com',
    })
    expect(Value.Check(userDocument, document)).toBe(true)
  }
})

test('a deletion gives none', () => {
  expect(projectUser(event('users.user.deleted.v2'))).toBeNull()
})

test('the cursor of the longest name that there can be is taken', () => {
  // No character becomes more when it is folded: eighteen.
  const value = foldName('\ufdfa'.repeat(100))
  const cursor = encodeCursor({ sort: 'last_name', filters: {} }, { value, id: data.id })
  expect(value.length).toBe(1_800)
  expect(Value.Check(userListing.query, { cursor })).toBe(true)
})

import { defineEntity, p } from '@mikro-orm/core'

/** The write side's row. Timestamps have millisecond precision, as the events that carry them. */
export const User = defineEntity({
  name: 'User',
  tableName: 'users',
  properties: {
    id: p.uuid().primary(),
    first_name: p.text(),
    last_name: p.text(),
    email: p.text(),
    email_key: p.text().unique('users_email_key_unique'),
    version: p.integer(),
    created_at: p.datetime(3),
    updated_at: p.datetime(3),
  },
})

import { listing, textFilter } from '../listing.ts'
import { foldEmail, foldName } from './folding.ts'

export const userListing = listing({
  of: 'users',
  sorts: { last_name: 'last_name_key' },
  sortNote: 'Names are compared without case and accents.',
  filters: {
    email: textFilter('Exactly this e-mail, ignoring case', 'zoe@example.com', (email) => ({
      email_key: foldEmail(email),
    })),
    last_name: textFilter('Exactly this last name', "O'Neil", (last_name) => ({
      // The key is what the index has; the name itself tells O'Neil from O'NEIL.
      last_name_key: foldName(last_name),
      last_name: last_name.normalize('NFC').trim(),
    })),
    name_prefix: textFilter('First or last name begins so, ignoring case and accents', 'zo', (prefix) => {
      const range = startsWith(foldName(prefix))
      return { $or: [{ first_name_key: range }, { last_name_key: range }] }
    }),
  },
})

/** The highest code point ends the range: strings are ordered by their UTF-8 bytes. */
const startsWith = (prefix: string) => ({ $gte: prefix, $lt: `${prefix}\u{10ffff}` })

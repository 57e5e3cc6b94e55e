/**
 * A name as it is searched: compatibility forms decomposed, marks stripped, lower case. Kept in the document, so that
 * a prefix search is a range on an index and never a regular expression. Pure; folding twice changes nothing.
 */
export function foldName(name: string): string {
  // Twice: lower case can bring a mark of its own (İ).
  const bare = withoutMarks(withoutMarks(name).toLowerCase())
  // The only letter whose lower case depends on its neighbours, and a prefix has others than the name.
  return bare.replaceAll('ς', 'σ').trim()
}

/** An address as it is compared: the same rule as the write side's uniqueness. */
export function foldEmail(email: string): string {
  return email.normalize('NFC').trim().toLowerCase()
}

const withoutMarks = (text: string) => text.normalize('NFKD').replace(/\p{M}+/gu, '')

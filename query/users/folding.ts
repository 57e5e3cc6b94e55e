/**
 * A name as it is searched: compatibility forms decomposed, marks stripped, lower case. Kept in the document, so that
 * a prefix search is a range on an index and never a regular expression. Pure; folding twice changes nothing.
 */
export function foldName(name: string): string {
  const bare = name
    .trim()
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .toLowerCase()
  // Lower case depends on the neighbours for sigma alone, and a prefix has other neighbours than the name;
  // lower case can also bring a mark of its own (İ).
  return bare
    .normalize('NFKD')
    .replace(/\p{M}+/gu, '')
    .replaceAll('ς', 'σ')
}

/** An address as it is compared: the same rule as the write side's uniqueness. */
export function foldEmail(email: string): string {
  return email.normalize('NFC').trim().toLowerCase()
}

/**
 * Of several replicas each virtual user asks one, and always that one.
 * @param urls with commas between them
 * @param user its number: 0 makes the users before the load
 */
export function replicaOf(urls: string, user: number): string {
  const all = urls.split(',')
  return all[user % all.length]!
}

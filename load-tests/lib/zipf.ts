/**
 * One of them, the nth with a probability that goes with 1/n: of 1,000 users the first 10 get a third of the requests,
 * as it is where some are famous.
 * @param random from 0 to below 1
 */
export function pickByZipf<T>(items: readonly T[], random = Math.random()): T {
  // The inverse of the distribution whose density goes with 1/x between 1 and length + 1.
  return items[Math.floor((items.length + 1) ** random) - 1]!
}

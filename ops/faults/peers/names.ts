/** Of the peers' one queue, and of the consumer's read model. */
export const QUEUE = 'users'
export const COLLECTION = 'users'

import created from '../../shared/events/samples/users.user.created.v2/every-header.json'
import deleted from '../../shared/events/samples/users.user.deleted.v2/plain.json'
import updated from '../../shared/events/samples/users.user.updated.v2/plain.json'

/** Recorded events, for the documentation. */
export const userSamples = [created, updated, deleted]

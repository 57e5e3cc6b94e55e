import { around } from '../../../ops/faults/entries/record.ts'
import { runRecordedRelay } from '../../../ops/faults/entries/relay.ts'

/** Takes a message for delivered as soon as it was sent, as most samples do. */
await runRecordedRelay({
  publisher: (publisher) =>
    around(publisher, {
      async publish(messages, signal) {
        void publisher.publish(messages, signal)
        return messages.map(() => 'confirmed')
      },
    }),
})

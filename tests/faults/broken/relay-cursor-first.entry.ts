import { around } from '../../../ops/faults/entries/record.ts'
import { runRecordedRelay } from '../../../ops/faults/entries/relay.ts'

/** Moves the cursor over what it has read, and publishes then. */
await runRecordedRelay({
  store(store) {
    let lease = { token: 0, ttlMs: 0 }
    return around(store, {
      async acquire(request) {
        const answer = await store.acquire(request)
        if (answer.acquired) lease = { token: answer.token, ttlMs: request.ttlMs }
        return answer
      },
      async read(request) {
        const batch = await store.read(request)
        const last = batch.rows.at(-1)
        if (last) await store.moveCursor({ ...lease, seq: last.seq })
        return batch
      },
    })
  },
})

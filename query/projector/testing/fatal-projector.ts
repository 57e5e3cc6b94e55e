import { connect } from './world.ts'
import { things } from './things.ts'
import { wireProjector } from './wiring.ts'

/** A process of its own, whose projection of a thing with the label `fatal` ends it as nothing can catch. */
const { MONGO_URL = '', RABBITMQ_URL = '', REPLICA_ID = '', BATCH_MAX = '500' } = process.env
const { projector, pause } = wireProjector(
  connect(MONGO_URL),
  { brokerUrl: RABBITMQ_URL, partitions: 2 },
  {
    replica: REPLICA_ID,
    // Bounds how long a dead consumer, kept by the broker, can hold a partition.
    stallMs: 5_000,
    batchMax: Number(BATCH_MAX),
    prefetch: 2 * Number(BATCH_MAX),
    readModels: [
      {
        ...things,
        project(event) {
          if ((event.data as { label?: string }).label === 'fatal') process.kill(process.pid, 'SIGKILL')
          return things.project(event)
        },
      },
    ],
  },
)
pause.start()
await projector.start()
process.on('SIGTERM', () => void projector.stop().then(() => process.exit(0)))

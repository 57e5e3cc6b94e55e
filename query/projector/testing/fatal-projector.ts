import { MongoClient } from 'mongodb'
import { things } from './things.ts'
import { wireProjector } from './wiring.ts'

/** A process of its own, whose projection of a thing with the label `fatal` ends it as nothing can catch. */
const {
  MONGO_URL = '',
  RABBITMQ_URL = '',
  REPLICA_ID = '',
  BATCH_MAX = '500',
  ATTEMPTS_MAX = '3',
} = process.env
// Not our own connection, which takes a second to load: this process is started again and again.
const store = new MongoClient(MONGO_URL).db()
const { projector, pause } = wireProjector(
  {
    collectionOf: (name) => store.collection(name),
    ping: async () => void (await store.command({ ping: 1 })),
  },
  { brokerUrl: RABBITMQ_URL, partitions: 2 },
  {
    replica: REPLICA_ID,
    batchMax: Number(BATCH_MAX),
    attemptsMax: Number(ATTEMPTS_MAX),
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
// Loaded ahead, and told when its turn has come.
await Bun.stdin.stream().getReader().read()
pause.start()
await projector.start()

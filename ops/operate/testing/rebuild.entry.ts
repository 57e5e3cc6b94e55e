import { readModels } from '../../../query/read-models.ts'
import { placesOf } from '../places.ts'
import { connectTo } from '../connections.ts'
import { finish, rebuild } from '../rebuild/rebuild.ts'

/** `rebuild` or `finish` as a process of its own, which nothing can catch when it ends at the given step. */
const [name = '', what = '', killedAt = ''] = process.argv.slice(2)
const connections = connectTo(placesOf(process.env, undefined))
const [step = '', nth = '1'] = killedAt.split(':')
let seen = 0
await (what === 'finish' ? finish : rebuild)(
  {
    readModels,
    collectionOf: connections.collectionOf,
    broker: connections.broker,
    signal: new AbortController().signal,
    onProgress(now) {
      if (now === step && ++seen === Number(nth)) process.kill(process.pid, 'SIGKILL')
    },
  },
  name,
)
await connections.close()

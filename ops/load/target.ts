import type { RunningStack } from '../stack/running.ts'
import type { Progress } from '../stack/progress.ts'
import { LocalReplicas } from './local-replicas.ts'
import type { Target } from './measure.ts'
import type { LoadOptions } from './options.ts'
import { localParts } from './parts.ts'
import { Containers, type Replicas } from './replicas.ts'

export interface FoundTarget {
  target: Target
  /** What `npm start` tells of its servers, where it is that. */
  stack: RunningStack | undefined
  /** Where their number can be set. */
  replicas: Replicas | undefined
}

/** What is behind the URLs: containers, processes of this machine, or something that only HTTP is known of. */
export async function findTarget(options: LoadOptions, progress: Progress): Promise<FoundTarget> {
  const { commandUrl, queryUrl, relayUrl } = options
  const containers = await Containers.behind(options)
  if (containers) return { target: await containers.target(), stack: undefined, replicas: containers }
  const { parts, stack } = localParts({ command: commandUrl, query: queryUrl, relay: relayUrl })
  const metrics = { command: [commandUrl], query: [queryUrl], relay: [relayUrl] }
  const target = { commandUrls: [commandUrl], queryUrls: [queryUrl], metrics, parts }
  return { target, stack, replicas: LocalReplicas.beside(target, progress) }
}

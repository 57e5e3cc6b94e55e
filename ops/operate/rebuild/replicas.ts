import type { Pointer } from '../../../query/projector/generations/pointers.ts'
import { createReplicas, type ReplicaReport } from '../../../query/projector/generations/replicas.ts'
import { delay } from '../../../shared/process/backoff.ts'
import { RebuildError, type RebuildDeps } from './deps.ts'

const pollMs = 250
/** A process reports every second, and takes ten or so for the indexes of a new collection. */
const deadAfterMs = 30_000

/**
 * Waits until every living query process acts on this pointer. One whose reports stand still is taken for dead, and
 * its report away.
 * @throws RebuildError where the processes run another code than this: a projection that only some of them have
 */
export async function seenByAll(deps: RebuildDeps, pointer: Pointer): Promise<void> {
  const replicas = createReplicas(deps.collectionOf)
  const lastSign = new Map<string, { beat: number; atMs: number }>()
  for (;;) {
    deps.signal.throwIfAborted()
    const reports = await replicas.all()
    const alive: ReplicaReport[] = []
    for (const report of reports) {
      const sign = lastSign.get(report.replica)
      const nowMs = performance.now()
      if (sign?.beat === report.beat && nowMs - sign.atMs > deadAfterMs) {
        await replicas.forget(report.replica)
        continue
      }
      if (sign?.beat !== report.beat) lastSign.set(report.replica, { beat: report.beat, atMs: nowMs })
      alive.push(report)
    }
    checkCode(deps, pointer, alive)
    const late = alive.filter(({ revisions }) => (revisions[pointer.name] ?? 0) < pointer.revision)
    if (alive.length > 0 && late.length === 0) return
    deps.onProgress(
      'wait',
      alive.length === 0
        ? 'no query process reports: start one'
        : `waiting for ${late.map(({ replica }) => replica).join(', ')}`,
    )
    await delay(pollMs, deps.signal)
  }
}

function checkCode(deps: RebuildDeps, { name, rebuild }: Pointer, alive: readonly ReplicaReport[]): void {
  if (rebuild?.phase !== 'filling') return
  const own = deps.readModels.find((model) => model.name === name)!.generation
  const other = alive.find(({ code }) => code[name] !== own)
  if (other)
    throw new RebuildError(
      `${other.replica} runs another version of ${name} (${other.code[name] ?? 'none'}, here ${own}): rebuild when the deployment is over`,
    )
}

/** How many partitions the groups have, as the processes say. */
export async function partitionsOf({ collectionOf }: RebuildDeps): Promise<number> {
  const reports = await createReplicas(collectionOf).all()
  return Math.max(0, ...reports.map(({ partitions }) => partitions))
}

import { query, type Places } from '../../../../ops/faults/world/places.ts'
import { waitFor } from '../../../../ops/wait.ts'
import { one, type Site } from '../../machinery/site.ts'

/** Its slot keeps the database from being dropped. */
export async function followed(site: Site, places: Places, slot: string): Promise<void> {
  site.defer(() => dropSlot(places, slot))
}

export const isFollowed = (places: Places, slot: string): Promise<unknown> =>
  waitFor(
    async () =>
      (await one<{ active: boolean }>(
        places,
        `SELECT coalesce(bool_or(active), false) AS active FROM pg_replication_slots WHERE slot_name = '${slot}'`,
      ))!.active,
    { timeoutMs: 240_000, what: `somebody to follow ${slot}` },
  )

export async function dropSlot(places: Places, slot: string): Promise<void> {
  const where = `FROM pg_replication_slots WHERE slot_name = '${slot}'`
  await query(places.adminUrl, `SELECT pg_terminate_backend(active_pid) ${where} AND active_pid IS NOT NULL`)
  await waitFor(
    async () => {
      await query(places.adminUrl, `SELECT pg_drop_replication_slot(slot_name) ${where}`)
      return true
    },
    { timeoutMs: 10_000, what: `${slot} to be dropped` },
  )
}

/** JSON Merge Patch (RFC 7396): a member replaces, null removes, an object goes on inside. Pure; makes a new value. */
export function mergePatch<Target>(target: Target, patch: MergePatch<NoInfer<Target>>): Target
export function mergePatch(target: unknown, patch: unknown): unknown
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  // Entries and no assignments: `__proto__` is a name like any other.
  const members = new Map(isObject(target) ? Object.entries(target) : [])
  for (const [name, value] of Object.entries(patch))
    if (value === null) members.delete(name)
    else members.set(name, mergePatch(members.get(name), value))
  return Object.fromEntries(members)
}

/** What a patch of a `Target` may hold; null where a member may be absent. */
export type MergePatch<Target> = Target extends readonly unknown[]
  ? Target
  : Target extends object
    ? {
        readonly [Name in keyof Target]?:
          MergePatch<Target[Name]> | (undefined extends Target[Name] ? null : never)
      }
    : Target

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

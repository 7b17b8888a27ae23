/** Settings as they come from outside: what a patch makes of them (RFC 7396), and which names in them mean nothing. Pure. */

export type Tree = { [name: string]: unknown }

export const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const childOf = (tree: unknown, name: string): unknown =>
  isTree(tree) && Object.hasOwn(tree, name) ? tree[name] : undefined

/** What is of another kind is another thing: nothing of the one before belongs to it. */
const isAnother = (before: Tree, patch: Tree): boolean =>
  typeof patch.kind === 'string' && before.kind !== undefined && before.kind !== patch.kind

/** What is not named stays, null takes away, an array is replaced as a whole. */
export function mergePatch(before: unknown, patch: unknown): unknown {
  if (!isTree(patch)) return patch
  const base = isTree(before) && !isAnother(before, patch) ? before : {}
  const kept = Object.entries(base).filter(([name]) => !Object.hasOwn(patch, name))
  const set = Object.entries(patch)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => [name, mergePatch(childOf(base, name), value)])
  return Object.fromEntries([...kept, ...set])
}

/** Names in `given` that `read` has not: the schema that read it does not know them. */
export function strangers(given: unknown, read: unknown, path: readonly string[] = []): string[] {
  if (Array.isArray(given)) {
    const items = Array.isArray(read) ? read : []
    return given.flatMap((item, at) => strangers(item, items[at], [...path, String(at)]))
  }
  if (!isTree(given)) return []
  return Object.entries(given).flatMap(([name, value]) =>
    isTree(read) && Object.hasOwn(read, name)
      ? strangers(value, read[name], [...path, name])
      : [[...path, name].join('.')],
  )
}

/** Where a patch changes something, for whoever keeps a record of it. No value is in it. */
export function placesOf(patch: unknown, path: readonly string[] = []): string[] {
  if (!isTree(patch) || Object.keys(patch).length === 0) return path.length === 0 ? [] : [path.join('.')]
  return Object.entries(patch).flatMap(([name, value]) => placesOf(value, [...path, name]))
}

/**
 * Reads from a view's stored tree which table column each of its columns comes from.
 *
 * Postgres keeps, for each entry of a query's target list, the origin it traced (`resorigtbl`, `resorigcol`).
 * The tree is text of nested `{NODE :field value}` and `(list)`; backslash escapes a character of a name.
 */
export type Origin = { column: number; table: number; tableColumn: number }

export function viewOrigins(tree: string): Origin[] {
  const list = topTargetList(tree)
  if (list === null) return []
  return entriesOf(list).flatMap((entry) => {
    const column = ownNumber(entry, 'resno')
    const table = ownNumber(entry, 'resorigtbl')
    const tableColumn = ownNumber(entry, 'resorigcol')
    if (column === null || !table || !tableColumn) return []
    return [{ column, table, tableColumn }]
  })
}

const OPEN = new Set(['{', '('])
const CLOSE = new Set(['}', ')'])

/** Walks a tree, telling the depth each unescaped character stands at. */
function* characters(tree: string): Generator<{ at: number; char: string; depth: number }> {
  let depth = 0
  for (let at = 0; at < tree.length; at++) {
    const char = tree.charAt(at)
    if (char === '\\') {
      at++
      continue
    }
    if (CLOSE.has(char)) depth--
    yield { at, char, depth }
    if (OPEN.has(char)) depth++
  }
}

/** The list after `:targetList` of the outermost query: a view's action is `({QUERY ...})`. */
function topTargetList(tree: string): string | null {
  let start: number | null = null
  for (const { at, char, depth } of characters(tree)) {
    if (start === null) {
      if (char === ':' && depth === 2 && tree.startsWith(':targetList (', at))
        start = at + ':targetList '.length
    } else if (char === ')' && depth === 2 && at > start) {
      return tree.slice(start, at + 1)
    }
  }
  return null
}

function entriesOf(list: string): string[] {
  const entries: string[] = []
  let start = 0
  for (const { at, char, depth } of characters(list)) {
    if (depth !== 1) continue
    if (char === '{') start = at
    else if (char === '}') entries.push(list.slice(start, at + 1))
  }
  return entries
}

function ownNumber(entry: string, field: string): number | null {
  for (const { at, char, depth } of characters(entry)) {
    if (char !== ':' || depth !== 1 || !entry.startsWith(`:${field} `, at)) continue
    const found = /^\d+/.exec(entry.slice(at + field.length + 2))
    return found === null ? null : Number(found[0])
  }
  return null
}

/** Finds what answers at a path. Pure. */

export type Found<Route> = { route: Route; params: string[] }
export type Router<Route> = {
  /** @returns the methods that are there when none of them was asked for; undefined when nothing is at the path. */
  find(method: string, path: string): Found<Route> | { methods: string[] } | undefined
}

type Entry<Route> = { method: string; pattern: readonly string[]; route: Route }

const PARAMETER = ':'

export function createRouter<Route>(routes: Readonly<Record<string, Route>>): Router<Route> {
  const entries = Object.entries(routes).map(([name, route]): Entry<Route> => {
    const [method = '', path = ''] = name.split(' ')
    return { method, pattern: path.split('/'), route }
  })
  return {
    find(method, path) {
      const parts = (path.length > 1 && path.endsWith('/') ? path.slice(0, -1) : path).split('/')
      const there = entries.filter(({ pattern }) => fits(pattern, parts))
      if (there.length === 0) return undefined
      const entry = there.find((each) => each.method === method)
      if (!entry) return { methods: there.map((each) => each.method) }
      return { route: entry.route, params: paramsOf(entry.pattern, parts) }
    },
  }
}

const fits = (pattern: readonly string[], parts: readonly string[]): boolean =>
  pattern.length === parts.length &&
  pattern.every((piece, at) => (piece.startsWith(PARAMETER) ? parts[at] !== '' : piece === parts[at]))

const paramsOf = (pattern: readonly string[], parts: readonly string[]): string[] =>
  pattern.flatMap((piece, at) => (piece.startsWith(PARAMETER) ? [decoded(parts[at] ?? '')] : []))

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

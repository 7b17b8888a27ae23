/**
 * Finds the role in the claims, by PostgREST's `jwt-role-claim-key`: `.role`, `.app."my-role"`, `.roles[0]`.
 * PostgREST's search in arrays (`[?(@ == "x")]`) is not taken: such a path is refused when it is read, not ignored.
 */
import type { Claims } from './session.ts'

export type RolePath = readonly (string | number)[]

const STEP = /\.(?:([\p{L}\p{N}_$@]+)|"([^"]*)")(?:\[(\d+)\])?/uy

/** @returns undefined when the text is no path. */
export function parseRolePath(text: string): RolePath | undefined {
  const steps: (string | number)[] = []
  STEP.lastIndex = 0
  while (STEP.lastIndex < text.length) {
    const found = STEP.exec(text)
    if (!found) return undefined
    steps.push(found[1] ?? found[2] ?? '')
    if (found[3] !== undefined) steps.push(Number(found[3]))
  }
  return steps.length > 0 ? steps : undefined
}

/** A role that is no string is taken as its JSON text, as PostgREST does: it then names no role that exists. */
export function findRole(claims: Claims, path: RolePath): string | undefined {
  let at: unknown = claims
  for (const step of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, step)) return undefined
    at = (at as Record<string | number, unknown>)[step]
  }
  if (at === undefined || at === null) return undefined
  return typeof at === 'string' ? at : JSON.stringify(at)
}

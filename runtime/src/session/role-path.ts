/**
 * Finds the role in the claims, by PostgREST's `jwt-role-claim-key`: `.role`, `.app."my-role"`, `.roles[0]`, a search
 * in an array (`.roles[?(@ ^== "app_")]`) and a slice of what was found (`.roles[0][4:]`).
 */
import type { Claims } from './session.ts'

type Comparison = '==' | '!=' | '^==' | '==^' | '*=='
type Search = { search: Comparison; text: string }
type Slice = { from: number | undefined; to: number | undefined }
export type RolePath = readonly (string | number | Search | Slice)[]

const KEY = /\.(?:([\p{L}\p{N}_$@]+)|"([^"]*)")/uy
const INDEX = /\[(\d+)\]/y
const SEARCH = /\[\?\(\s*@\s*(\^==|==\^|\*==|==|!=)\s*"([^"]*)"\s*\)\]/y
const SLICE = /\[(-?\d+)?:(-?\d+)?\]/y

/** @returns undefined when the text is no path. */
export function parseRolePath(text: string): RolePath | undefined {
  const steps: RolePath[number][] = []
  let at = 0
  const take = (sticky: RegExp): RegExpExecArray | null => {
    sticky.lastIndex = at
    const found = sticky.exec(text)
    if (found) at = sticky.lastIndex
    return found
  }
  while (at < text.length) {
    const step = takeStep(take, steps.length === 0)
    if (step === undefined) return undefined
    steps.push(step)
  }
  return steps.length > 0 ? steps : undefined
}

function takeStep(
  take: (sticky: RegExp) => RegExpExecArray | null,
  isFirst: boolean,
): RolePath[number] | undefined {
  const key = take(KEY)
  if (key) return key[1] ?? key[2] ?? ''
  // A path begins with a name: the claims are an object.
  if (isFirst) return undefined
  const index = take(INDEX)
  if (index) return Number(index[1])
  const search = take(SEARCH)
  if (search) return { search: search[1] as Comparison, text: search[2] ?? '' }
  const slice = take(SLICE)
  if (slice) return { from: place(slice[1]), to: place(slice[2]) }
  return undefined
}

const place = (digits: string | undefined): number | undefined =>
  digits === undefined ? undefined : Number(digits)

/** A role that is no string is taken as its JSON text, as PostgREST does: it then names no role that exists. */
export function findRole(claims: Claims, path: RolePath): string | undefined {
  let at: unknown = claims
  for (const step of path) at = at === undefined || at === null ? undefined : walk(at, step)
  if (at === undefined || at === null || at === '') return undefined
  return typeof at === 'string' ? at : JSON.stringify(at)
}

function walk(at: unknown, step: RolePath[number]): unknown {
  if (typeof step === 'string') {
    if (typeof at !== 'object' || at === null || Array.isArray(at) || !Object.hasOwn(at, step))
      return undefined
    return (at as Claims)[step]
  }
  if (typeof step === 'number') return Array.isArray(at) ? at[step] : undefined
  if ('search' in step) return Array.isArray(at) ? at.find((each) => fits(each, step)) : undefined
  return typeof at === 'string' ? [...at].slice(step.from, step.to).join('') : undefined
}

function fits(value: unknown, { search, text }: Search): boolean {
  if (typeof value !== 'string') return false
  switch (search) {
    case '==':
      return value === text
    case '!=':
      return value !== text
    case '^==':
      return value.startsWith(text)
    case '==^':
      return value.endsWith(text)
    case '*==':
      return value.includes(text)
  }
}

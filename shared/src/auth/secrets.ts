/**
 * Which settings of auth are secrets, and how they are taken out, kept by their place (`smtp.password`), and put back.
 * Where one was, `{"set": true}` stands; sent back in a patch, it says that the secret stays. Pure.
 */
import { isTree, type Tree } from './tree.ts'

/** A star is any name. */
const SECRETS = [
  'jwt.keys',
  'phone.provider.authToken',
  'phone.provider.secret',
  'captcha.secret',
  'smtp.password',
  'hooks.*.secrets',
  'external.*.secret',
  'saml.privateKey',
].map((place) => place.split('.'))

/** By place. */
export type AuthSecrets = { [place: string]: unknown }

export const IS_SET = { set: true } as const

const isSecret = (path: readonly string[]): boolean =>
  SECRETS.some(
    (place) => place.length === path.length && place.every((name, at) => name === '*' || name === path[at]),
  )

const isMark = (value: unknown): boolean => isTree(value) && value.set === true

/** A secret that becomes undefined is left out. */
function mapSecrets(settings: Tree, each: (value: unknown, place: string) => unknown): Tree {
  const walk = (node: unknown, path: readonly string[]): unknown => {
    if (isSecret(path)) return each(node, path.join('.'))
    if (!isTree(node)) return node
    const children = Object.entries(node).map(([name, child]) => [name, walk(child, [...path, name])])
    return Object.fromEntries(children.filter(([, child]) => child !== undefined))
  }
  return walk(settings, []) as Tree
}

export function takeOut(settings: Tree): { open: Tree; secrets: AuthSecrets } {
  const secrets: AuthSecrets = {}
  const open = mapSecrets(settings, (value, place) => {
    if (value === null || isMark(value) || (Array.isArray(value) && value.length === 0)) return value
    secrets[place] = value
    return IS_SET
  })
  return { open, secrets }
}

/** A mark whose secret is not there is left out, with what it says. */
export const putBack = (open: Tree, secrets: AuthSecrets): Tree =>
  mapSecrets(open, (value, place) => (isMark(value) ? secrets[place] : value))

/** Of a patch: marks change nothing. */
export const withoutMarks = (patch: Tree): Tree =>
  mapSecrets(patch, (value) => (isMark(value) ? undefined : value))

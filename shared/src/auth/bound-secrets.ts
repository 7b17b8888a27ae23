/**
 * Secrets that are sent to where the settings say. Whoever may change settings reads no secret; were the place changed and
 * the secret kept, they could have it sent to themselves. So it must be given again with a new place. Pure.
 */
import { isTree, type Tree } from './tree.ts'

/** By place of the secret: what it is bound to. A star is any name, the same in both. Secrets that only sign are not here. */
const BOUND: readonly { secret: string; places: readonly string[] }[] = [
  { secret: 'smtp.password', places: ['smtp.host', 'smtp.port', 'smtp.user', 'smtp.secure'] },
  { secret: 'phone.provider.authToken', places: ['phone.provider.url', 'phone.provider.accountSid'] },
  { secret: 'captcha.secret', places: ['captcha.provider', 'captcha.verifyUrl'] },
  { secret: 'external.*.secret', places: ['external.*.url', 'external.*.issuer'] },
]

export type Astray = { secret: string; moved: string }

/** @param wish what was asked for: a secret that stands in it was given again. */
export function secretsAstray(before: Tree, after: Tree, wish: Tree): Astray[] {
  return BOUND.flatMap(({ secret, places }) =>
    namesAt(before, secret).flatMap((name) => {
      const at = (place: string) => place.replace('*', name)
      const kept = valueAt(before, at(secret))
      const isKept = typeof kept === 'string' && valueAt(after, at(secret)) === kept
      if (!isKept || typeof valueAt(wish, at(secret)) === 'string') return []
      const moved = places.map(at).find((place) => valueAt(before, place) !== valueAt(after, place))
      return moved === undefined ? [] : [{ secret: at(secret), moved }]
    }),
  )
}

/** What the star may be; one name, of no use, where there is none. */
function namesAt(tree: Tree, place: string): string[] {
  const [above, below] = place.split('.*')
  if (below === undefined) return ['']
  const found = valueAt(tree, above ?? '')
  // A dot would be read as another place: such names are refused before.
  return isTree(found) ? Object.keys(found).filter((name) => !name.includes('.')) : []
}

function valueAt(tree: unknown, place: string): unknown {
  return place
    .split('.')
    .reduce<unknown>(
      (node, name) => (isTree(node) && Object.hasOwn(node, name) ? node[name] : undefined),
      tree,
    )
}

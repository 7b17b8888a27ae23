/** What `cascata auth` sends and shows: dotted names on one side, a JSON Merge Patch on the other. */
import { readFile } from 'node:fs/promises'
import { isTree, type Tree } from '@cascata/shared/auth/tree'
import { usage } from './failure.ts'
import { readSecretFile } from './secrets.ts'

/** `smtp.port` and 25 are `{"smtp":{"port":25}}`. */
const nested = (name: string, value: unknown): Tree =>
  name.split('.').reduceRight<unknown>((inner, word) => Object.fromEntries([[word, inner]]), value) as Tree

/** Both at once; null is a wish, too. */
function joined(first: Tree, second: Tree): Tree {
  const both = Object.entries(second).map(([name, value]) => {
    const before = Object.hasOwn(first, name) ? first[name] : undefined
    return [name, isTree(before) && isTree(value) ? joined(before, value) : value]
  })
  return { ...first, ...Object.fromEntries(both) }
}

/** JSON where it is some, else text as it stands: `siteUrl=https://a.example` needs no quotes. */
function readValue(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function cut(pair: string): [name: string, value: string] {
  const at = pair.indexOf('=')
  if (at < 1) throw usage(`"${pair}" is no name=value`, 'For example: password.minLength=10')
  return [pair.slice(0, at), pair.slice(at + 1)]
}

export type PatchSources = {
  pairs: readonly string[]
  /** A file with a patch. */
  file?: string | undefined
  /** `name=file`: the value is the file's text. */
  secrets: readonly string[]
}

export async function patchOf({ pairs, file, secrets }: PatchSources): Promise<Tree> {
  let patch = file === undefined ? {} : await patchIn(file)
  for (const [name, text] of pairs.map(cut)) patch = joined(patch, nested(name, readValue(text)))
  for (const [name, from] of secrets.map(cut)) patch = joined(patch, nested(name, await readSecretFile(from)))
  if (Object.keys(patch).length === 0) throw usage('nothing to set', 'Give name=value, --file or --secret.')
  return patch
}

async function patchIn(file: string): Promise<Tree> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw usage(`${file} cannot be read`)
  })
  const patch = readValue(text)
  if (!isTree(patch)) throw usage(`${file} holds no JSON object`)
  return patch
}

/** Each value by its dotted name, as `set` takes it. A hidden secret says so. */
export function flat(settings: Tree, prefix = ''): Record<string, unknown> {
  const pairs = Object.entries(settings).flatMap(([name, value]) => {
    const place = `${prefix}${name}`
    if (!isTree(value) || Object.keys(value).length === 0) return [[place, value]]
    if (value.set === true) return [[place, '(set)']]
    return Object.entries(flat(value, `${place}.`))
  })
  return Object.fromEntries(pairs)
}

/** What lies under a dotted name; undefined when there is nothing. */
export const under = (settings: Tree, name: string): unknown =>
  name
    .split('.')
    .reduce<unknown>(
      (inner, word) => (isTree(inner) && Object.hasOwn(inner, word) ? inner[word] : undefined),
      settings,
    )

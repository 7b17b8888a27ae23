/** Refs made from names: `Café Zürich 2` gives `cafe-zurich-2`, then `cafe-zurich-2-2`, ... */
import { randomInt } from 'node:crypto'
import { ProjectRef } from '@cascata/shared/ids'
import { REF_SUFFIX_MAX } from './limits.ts'

const LENGTH_MAX = 40
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

const random = (length: number) =>
  Array.from({ length }, () => LETTERS[randomInt(LETTERS.length)] ?? 'a').join('')

export function slugOf(name: string): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^[^a-z]+|-+$/g, '')
    .slice(0, LENGTH_MAX)
    .replace(/-+$/, '')
  return slug.length >= 3 ? slug : `project${slug === '' ? '' : `-${slug}`}`
}

/** Refs to try in turn; the last are random, so that one of them is free. */
export function* refsFor(name: string): Generator<ProjectRef> {
  const slug = slugOf(name)
  const numbered = Array.from({ length: REF_SUFFIX_MAX }, (_, at) => (at === 0 ? '' : `-${at + 1}`))
  for (const suffix of [...numbered, `-${random(6)}`, `-${random(10)}`]) {
    const base = slug.slice(0, LENGTH_MAX - suffix.length).replace(/-+$/, '')
    const ref = ProjectRef.safeParse(`${base}${suffix}`)
    if (ref.success) yield ref.data
  }
}

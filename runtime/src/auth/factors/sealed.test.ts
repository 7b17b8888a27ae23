import { describe, expect, test } from 'vitest'
import { seal, unseal } from './sealed.ts'

const under = (jwtSecret: string, former: readonly string[] = []) => ({
  project: { jwtSecret: () => jwtSecret, formerJwtSecrets: () => former },
  id: 'row-1',
})
const place = under('a-secret-of-one-project')
const SECRET = 'JBSWY3DPEHPK3PXP'

describe('a sealed secret', () => {
  test('opens where it was sealed, and does not show itself', () => {
    const sealed = seal(SECRET, place)
    expect(sealed).not.toContain(SECRET)
    expect(unseal(sealed, place)).toEqual({ text: SECRET, isStale: false })
  })

  test.each([
    ['another row', { ...place, id: 'row-2' }],
    ['another project', under('a-secret-of-another', ['and-of-a-third'])],
  ])('does not open in %s', (_where, elsewhere) => {
    expect(unseal(seal(SECRET, place), elsewhere)).toBeUndefined()
  })

  test('opens after a change of keys, and is to be sealed anew', () => {
    const changed = under('new', ['newer', 'a-secret-of-one-project'])
    expect(unseal(seal(SECRET, place), changed)).toEqual({ text: SECRET, isStale: true })
  })

  test.each([
    ['changed', (sealed: string) => `${sealed.slice(0, -4)}${sealed.endsWith('AAAA') ? 'BBBB' : 'AAAA'}`],
    ['cut short', (sealed: string) => sealed.slice(0, 20)],
  ])('that was %s does not open', (_how, spoil) => {
    expect(unseal(spoil(seal(SECRET, place)), place)).toBeUndefined()
  })

  test('is never the same twice', () => {
    expect(seal('same', place)).not.toBe(seal('same', place))
  })

  test('without a mark is an imported one and read as it stands', () => {
    expect(unseal(SECRET, place)).toEqual({ text: SECRET, isStale: true })
  })
})

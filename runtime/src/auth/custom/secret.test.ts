import { describe, expect, test } from 'vitest'
import { seal } from '../factors/sealed.ts'
import { openSecret, sealSecret } from './secret.ts'

const project = (jwtSecret: string, former: readonly string[] = []) => ({
  jwtSecret: () => jwtSecret,
  formerJwtSecrets: () => former,
})

describe('the secret of a custom provider', () => {
  const place = { project: project('now'), id: 'a' }
  const sealed = sealSecret('s3cret', place)

  test('opens where it was sealed', () => {
    expect(sealed).not.toContain('s3cret')
    expect(openSecret(sealed, place)).toEqual({ text: 's3cret', isStale: false })
  })

  test('opens after the keys were changed, and is to be sealed anew', () => {
    const later = { project: project('later', ['now']), id: 'a' }
    expect(openSecret(sealed, later)).toEqual({ text: 's3cret', isStale: true })
  })

  test.each([
    ['in another row', { project: project('now'), id: 'b' }],
    ['in another project', { project: project('theirs'), id: 'a' }],
  ])('opens nothing %s', (_where, elsewhere) => {
    expect(openSecret(sealed, elsewhere)).toBeUndefined()
  })

  test('is none of a second factor with the same id', () => {
    expect(openSecret(seal('s3cret', place), place)).toBeUndefined()
  })
})

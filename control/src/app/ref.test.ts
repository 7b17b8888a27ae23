import { ProjectRef } from '@cascata/shared/ids'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { refsFor, slugOf } from './ref.ts'

describe('slugOf', () => {
  test.each([
    ['keeps plain words', 'Blue Shop', 'blue-shop'],
    ['drops accents', 'Café Zürich 2', 'cafe-zurich-2'],
    ['starts with a letter', '2024 plans', 'plans'],
    ['has a name for what has none', '日本', 'project'],
    ['fills up what is too short', 'Ab', 'project-ab'],
  ])('%s', (_sentence, name, slug) => {
    expect(slugOf(name)).toBe(slug)
  })
})

describe('refsFor', () => {
  test('a name kept for the instance is passed over', () => {
    expect(refsFor('Admin').next().value).toBe('admin-2')
  })

  test('whatever the name, every ref is valid and there are several', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 100 }), (name) => {
        const refs = [...refsFor(name)]
        expect(refs.length).toBeGreaterThan(5)
        expect(new Set(refs).size).toBe(refs.length)
        for (const ref of refs) expect(ProjectRef.safeParse(ref).success).toBe(true)
      }),
    )
  })
})

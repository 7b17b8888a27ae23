import { describe, expect, test } from 'vitest'
import { parseCrashPoint, reaches } from './effects.ts'

describe('a crash point', () => {
  test.each([
    ['matches its step in any project', 'before:db.create', 'shop.db.create', true],
    ['matches its step in its project', 'after:db.create@shop', 'shop.db.create', true],
    ['leaves other projects alone', 'after:db.create@shop', 'blog.db.create', false],
    ['leaves other steps alone', 'before:db.create', 'shop.db.start', false],
    ['is no prefix', 'before:db.create', 'shop.db.created', false],
    ['knows the system', 'before:edge.switch@_system', '_system.edge.switch', true],
  ])('%s', (_sentence, text, name, expected) => {
    const point = parseCrashPoint(text)
    expect(point && reaches(point, name)).toBe(expected)
  })

  test.each([
    'db.create',
    'during:db.create',
    'before:',
    'before:db create',
    'before:db.create@',
    'before:db.made',
  ])('is not %j', (text) => {
    expect(parseCrashPoint(text)).toBeUndefined()
  })
})

import { describe, expect, test } from 'vitest'
import { StatementCache } from './statements.ts'

describe('StatementCache', () => {
  test('finds a text only in its own scope', () => {
    const cache = new StatementCache(10)
    const anon = cache.add('anon', 'select 1')
    expect(cache.find('anon', 'select 1')).toBe(anon)
    expect(cache.find('authenticated', 'select 1')).toBeUndefined()
    expect(cache.add('authenticated', 'select 1').name).not.toBe(anon.name)
  })

  test('gives up the least recently used, and says so once', () => {
    const cache = new StatementCache(3)
    const [a, b] = ['a', 'b', 'c'].map((text) => cache.add('', text))
    cache.find('', 'a')
    cache.add('', 'd')
    expect(cache.takeClosed()).toEqual([b?.name])
    expect(cache.takeClosed()).toEqual([])
    expect(cache.find('', 'a')).toBe(a)
    expect(cache.find('', 'b')).toBeUndefined()
    expect(cache.size).toBe(3)
  })

  test('never gives a name a second time', () => {
    const cache = new StatementCache(2)
    const names = Array.from({ length: 50 }, (_, i) => cache.add('', `select ${i}`).name)
    expect(new Set(names).size).toBe(50)
  })

  test('forgets a statement once, and not the one that took its place', () => {
    const cache = new StatementCache(10)
    const old = cache.add('', 'a')
    cache.forget(old)
    const young = cache.add('', 'a')
    cache.forget(old)
    expect(cache.find('', 'a')).toBe(young)
    expect(cache.takeClosed()).toEqual([old.name])
    expect(cache.size).toBe(1)
  })
})

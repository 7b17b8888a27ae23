import { counterAccess } from '@cascata/shared/counter-access'
import { describe, expect, test } from 'vitest'
import { type CountersObserved, planCounters } from './plan.ts'
import { renderUsers } from './users.ts'

const control = { username: 'control', password: 'its own' }
const shop = counterAccess('shop', 'password of shop')
const users = renderUsers(control, [shop])
const before = renderUsers(control, [])
const known = ['default', 'control', shop.username, users.mark]

describe('planCounters', () => {
  test.each<[string, CountersObserved, string[]]>([
    ['rests when Redis has read what is there', { text: users.text, known }, []],
    [
      'writes and lets read what is new',
      { text: before.text, known: ['default', 'control', before.mark] },
      ['counters.write', 'counters.read'],
    ],
    [
      'lets read what was written before a kill',
      { text: users.text, known: ['default', 'control', before.mark] },
      ['counters.read'],
    ],
    ['lets a Redis read that lost all it knew', { text: users.text, known: ['default'] }, ['counters.read']],
    [
      'writes alone while Redis is away: it reads when it starts',
      { text: null, known: null },
      ['counters.write'],
    ],
    ['waits for a Redis that is away', { text: users.text, known: null }, []],
  ])('%s', (_sentence, seen, steps) => {
    expect(planCounters(users, seen).map((step) => step.do)).toEqual(steps)
  })
})

describe('renderUsers', () => {
  test('lets nobody in without a name, and each project to its own keys', () => {
    const lines = users.text.split('\n')
    expect(lines[0]).toBe('user default off')
    const line = lines.find((each) => each.includes(shop.username)) ?? ''
    expect(line).toContain(` resetchannels ~${shop.prefix}* -@all +ping `)
    expect(line).not.toMatch(
      /allkeys|allcommands|nopass|\+@|~\*|\+(set|eval|evalsha|incr|keys|config|subscribe)\b/,
    )
  })

  test('shows no password', () => {
    expect(users.text).not.toContain(shop.password)
    expect(users.text).not.toContain(control.password)
  })

  test('has another mark for whatever differs, and none for the order', () => {
    const depot = counterAccess('depot', 'password of depot')
    const both = renderUsers(control, [shop, depot])
    expect(both).toEqual(renderUsers(control, [depot, shop]))
    const rotated = renderUsers(control, [counterAccess('shop', 'another')])
    expect(new Set([both.mark, users.mark, before.mark, rotated.mark]).size).toBe(4)
  })

  test('knows no user whose project is gone or has another password', () => {
    expect(before.text).not.toContain('shop')
    expect(renderUsers(control, [counterAccess('shop', 'another')]).text).not.toContain(shop.username)
  })
})

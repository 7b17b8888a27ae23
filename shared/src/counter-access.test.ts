import { expect, test } from 'vitest'
import { counterAccess } from './counter-access.ts'

test('a new password is another user with other keys, and neither tells the password', () => {
  const before = counterAccess('shop', 'one')
  const after = counterAccess('shop', 'two')
  expect(before).toEqual(counterAccess('shop', 'one'))
  expect(after.username).not.toBe(before.username)
  expect(after.prefix).not.toBe(before.prefix)
  expect(counterAccess('depot', 'one').password).not.toBe(before.password)
  expect(before.prefix).toMatch(/^gate:shop:[0-9a-f]{12}:$/)
  expect(`${before.prefix}${before.username}`).not.toContain(before.password)
  expect(before.password).toMatch(/^[\w-]{43}$/)
})

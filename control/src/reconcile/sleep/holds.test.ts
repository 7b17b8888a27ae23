import { expect, test } from 'vitest'
import { openHolds } from './holds.ts'

test('a project is held until the last one lets go, and then that is told', () => {
  const released: string[] = []
  const holds = openHolds((ref) => released.push(ref))
  const [first, second] = [holds.hold('shop'), holds.hold('shop')]
  first()
  expect([holds.has('shop'), released]).toEqual([true, []])
  second()
  expect([holds.has('shop'), released]).toEqual([false, ['shop']])
})

test('letting go twice is letting go once', () => {
  const holds = openHolds(() => {})
  const [first] = [holds.hold('shop'), holds.hold('shop')]
  first()
  first()
  expect(holds.has('shop')).toBe(true)
})

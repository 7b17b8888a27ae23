import { describe, expect, test } from 'vitest'
import { countAttempts } from './attempts.ts'
import { ADDRESSES_MAX, FAILED_ATTEMPTS_MAX, FAILED_ATTEMPTS_WINDOW_MS } from './limits.ts'

const at = { ms: 0 }
const clock = { now: () => at.ms }
const failing = (address: string, times = FAILED_ATTEMPTS_MAX) => {
  const attempts = countAttempts(clock)
  for (let n = 0; n < times; n++) attempts.fail(address)
  return attempts
}

describe('countAttempts', () => {
  test('refuses an address that failed too often, and no other', () => {
    const attempts = failing('10.0.0.1')
    expect(attempts.exceeded('10.0.0.1')).toBe(true)
    expect(attempts.exceeded('10.0.0.2')).toBe(false)
  })

  test('one failure less is let pass', () => {
    expect(failing('10.0.0.1', FAILED_ATTEMPTS_MAX - 1).exceeded('10.0.0.1')).toBe(false)
  })

  test('forgives when the window is over', () => {
    const attempts = failing('10.0.0.1')
    at.ms += FAILED_ATTEMPTS_WINDOW_MS
    expect(attempts.exceeded('10.0.0.1')).toBe(false)
  })

  test('takes a network of IPv6 as one', () => {
    expect(failing('2001:db8:1:2:aaaa::1').exceeded('2001:db8:1:2:bbbb::9')).toBe(true)
  })

  test('remembers a bounded number', () => {
    const attempts = failing('10.0.0.1')
    for (let n = 0; n < ADDRESSES_MAX; n++) attempts.fail(`host-${n}`)
    expect(attempts.exceeded('10.0.0.1')).toBe(false)
  })
})

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inCharge } from './held.ts'
import { askAgainIn, backoffAfter, dueByLife, isUsable, momentIn } from './renewal.ts'

const DAY = 86_400_000
const life = (days: number) => ({ notBefore: 0, notAfter: days * DAY })

describe('renewal', () => {
  test.each([
    ['with a third of ninety days left', 90, 60],
    ['with a third of ten days left', 10, 10 - 10 / 3],
    ['with half of six days left', 6, 3],
  ])('is due %s', (_sentence, days, due) => {
    expect(dueByLife(life(days)) / DAY).toBeCloseTo(due, 6)
  })

  test.each([
    ['the first', 1, 1],
    ['the second', 2, 10],
    ['the third', 3, 100],
    ['the fourth', 4, 1_440],
    ['the hundredth', 100, 1_440],
  ])('waits after %s failure', (_sentence, failures, minutes) => {
    expect(backoffAfter(failures)).toBe(minutes * 60_000)
  })

  test.each([
    ['a quarter of the eight hours that are left', 8 * 60, 120],
    ['a day when there is time', 30 * 1_440, 1_440],
    ['a minute at the end', 1, 1],
    ['a day when it is over', -5, 1_440],
  ])('after many failures waits %s', (_sentence, leftMinutes, minutes) => {
    expect(backoffAfter(9, leftMinutes * 60_000)).toBe(minutes * 60_000)
  })

  test('is at some moment of the window, never outside of it', () => {
    const moment = fc.integer({ min: 0, max: 2 ** 41 })
    fc.assert(
      fc.property(moment, moment, fc.double({ min: 0, max: 0.999, noNaN: true }), (a, b, random) => {
        const window = { startMs: Math.min(a, b), endMs: Math.max(a, b) }
        const at = momentIn(window, random)
        expect(at).toBeGreaterThanOrEqual(window.startMs)
        expect(at).toBeLessThanOrEqual(window.endMs)
      }),
    )
  })

  test.each([
    ['one that ends before it starts', { startMs: 2, endMs: 1 }, false],
    ['one behind the end of the certificate', { startMs: 91 * DAY, endMs: 92 * DAY }, false],
    ['one in the past: it means now', { startMs: -2, endMs: -1 }, true],
  ])('takes a window, or not: %s', (_sentence, window, expected) => {
    expect(isUsable({ ...window, retryAfterMs: null }, life(90))).toBe(expected)
  })

  test.each([
    ['every six hours when the authority says nothing', null, 6 * 3_600_000],
    ['not more often than each minute', 0, 60_000],
    ['not less often than each day', 9 * DAY, DAY],
  ])('asks for the window %s', (_sentence, said, expected) => {
    expect(askAgainIn(said)).toBe(expected)
  })
})

describe('the certificate in charge', () => {
  const of = (source: 'acme' | 'upload', days: number) => ({
    ...{ name: 'shop.test', source, renewAt: null },
    ...{ notBefore: new Date(0), notAfter: new Date(days * DAY) },
  })
  test.each([
    ['the one from the authority once it is there', [of('acme', 90)], 0, 'acme'],
    ['an uploaded one before it', [of('acme', 90), of('upload', 90)], 30, 'upload'],
    ['the other one when the uploaded one is near its end', [of('acme', 90), of('upload', 90)], 61, 'acme'],
    ['an uploaded one near its end when there is no other', [of('upload', 90)], 61, 'upload'],
    ['one that has run out rather than none', [of('acme', 90)], 91, 'acme'],
  ])('is %s', (_sentence, rows, day, expected) => {
    expect(inCharge(rows, day * DAY)?.source).toBe(expected)
  })
})

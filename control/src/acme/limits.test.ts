import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { allowanceOf, Ledger, type LedgerEntry, LIMITS, registeredDomainOf } from './limits.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const NOW = 100 * DAY

const issued = (names: string[], at: number, isRenewal = false): LedgerEntry => ({
  ...{ kind: 'issued', at, names, isRenewal },
})
const times = <Item>(count: number, make: (at: number) => Item): Item[] =>
  Array.from({ length: count }, (_, at) => make(at))
const ask = (entries: LedgerEntry[], names: string[], isRenewal = false) =>
  allowanceOf(new Ledger(entries), { names, isRenewal }, NOW)

describe('the next order', () => {
  test.each<[string, LedgerEntry[], string[], string | null, number]>([
    ['may come at once when nothing was asked', [], ['a.test'], null, 0],
    [
      'waits for the week of the first of fifty names of a domain',
      times(50, (at) => issued([`n${at}.shop.test`], NOW - 3 * DAY + at)),
      ['new.shop.test'],
      'perDomain',
      4 * DAY,
    ],
    [
      'is for another domain, and need not wait',
      times(50, (at) => issued([`n${at}.shop.test`], NOW - DAY)),
      ['new.other.test'],
      null,
      0,
    ],
    [
      'waits for the week of the first of five of the same names',
      times(5, (at) => issued(['b.test', 'a.test'], NOW - DAY + at)),
      ['a.test', 'b.test'],
      'perSet',
      6 * DAY,
    ],
    [
      'waits for the hour after five failures of its host',
      times(5, (at) => ({ kind: 'failure', at: NOW - HOUR / 2 + at, host: 'a.test' })),
      ['*.a.test'],
      'failuresPerHost',
      HOUR / 2,
    ],
    [
      'waits for three hours after three hundred orders',
      times(300, (at) => ({ kind: 'order', at: NOW - HOUR + at })),
      ['a.test'],
      'orders',
      2 * HOUR,
    ],
  ])('%s', (_sentence, entries, names, limit, waitMs) => {
    const allowed = ask(entries, names)
    expect(allowed.limit).toBe(limit)
    expect(allowed.from - NOW).toBe(waitMs + (limit === null ? 0 : 1))
  })

  test('of names that had a certificate before does not count for their domain', () => {
    const entries = times(50, (at) => issued([`n${at}.shop.test`], NOW - DAY))
    expect(ask(entries, ['n1.shop.test'], true).limit).toBeNull()
    const renewals = times(80, (at) => issued([`n${at}.shop.test`], NOW - DAY, true))
    expect(ask(renewals, ['new.shop.test']).limit).toBeNull()
  })

  test('is held to every limit, whatever is asked in whatever order', () => {
    const wish = fc.record({
      host: fc.integer({ min: 0, max: 90 }),
      afterMs: fc.integer({ min: 0, max: HOUR }),
    })
    fc.assert(
      fc.property(fc.array(wish, { minLength: 100, maxLength: 400 }), (wishes) => {
        const ledger = new Ledger([])
        const log: { at: number; name: string }[] = []
        let now = NOW
        for (const { host, afterMs } of wishes) {
          now += afterMs
          const name = `h${host}.shop.test`
          if (allowanceOf(ledger, { names: [name], isRenewal: false }, now).from > now) continue
          ledger.add({ kind: 'issued', at: now, names: [name], isRenewal: false })
          log.push({ at: now, name })
        }
        for (const { at, name } of log) {
          const week = log.filter((each) => each.at <= at && each.at > at - LIMITS.perDomain.withinMs)
          expect(week.length).toBeLessThanOrEqual(LIMITS.perDomain.max)
          expect(week.filter((each) => each.name === name).length).toBeLessThanOrEqual(LIMITS.perSet.max)
        }
      }),
      { numRuns: 30 },
    )
  })
})

test.each([
  ['shop.test', 'shop.test'],
  ['*.a.b.shop.test', 'shop.test'],
  ['shop.co.uk', 'co.uk'],
])('the registered domain of %s is taken to be %s', (name, domain) => {
  expect(registeredDomainOf(name)).toBe(domain)
})

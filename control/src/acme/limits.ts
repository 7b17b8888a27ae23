/**
 * The limits of Let's Encrypt, kept before they are hit: the ledger says what was asked for, this says when the next
 * may be asked for. Pure.
 *
 * A registered domain is taken to be the last two labels of a name. Where a public suffix has two labels itself
 * (`co.uk`) that puts several owners into one account, and so keeps below the limit, never above it.
 */
const HOUR_MS = 3_600_000
const WEEK_MS = 7 * 24 * HOUR_MS

export const LIMITS = {
  perDomain: { max: 50, withinMs: WEEK_MS },
  perSet: { max: 5, withinMs: WEEK_MS },
  failuresPerHost: { max: 5, withinMs: HOUR_MS },
  orders: { max: 300, withinMs: 3 * HOUR_MS },
} as const

/** No entry older than this counts for anything. */
export const LEDGER_MS = WEEK_MS

export type LedgerEntry =
  /** An order was asked for, whatever became of it. */
  | { kind: 'order'; at: number }
  /** A certificate was issued, or is about to be. */
  | { kind: 'issued'; at: number; names: readonly string[]; isRenewal: boolean }
  | { kind: 'failure'; at: number; host: string }

export type LimitName = keyof typeof LIMITS

export type Allowance = { from: number; limit: LimitName | null }

export type Wish = {
  names: readonly string[]
  /** The same set of names had a certificate before: that does not count for the registered domain. */
  isRenewal: boolean
}

export const registeredDomainOf = (name: string): string =>
  name.replace(/^\*\./, '').split('.').slice(-2).join('.')

export const setOf = (names: readonly string[]): string => names.toSorted().join(',')

/** From when on this may be asked for; `now` when at once. */
export function allowanceOf(ledger: Ledger, { names, isRenewal }: Wish, now: number): Allowance {
  const waits: Allowance[] = [
    { from: ledger.freeAt('orders', 'all', now), limit: 'orders' },
    { from: ledger.freeAt('perSet', setOf(names), now), limit: 'perSet' },
    ...names.map((name): Allowance => {
      const host = name.replace(/^\*\./, '')
      return { from: ledger.freeAt('failuresPerHost', host, now), limit: 'failuresPerHost' }
    }),
    ...(isRenewal ? [] : domainsOf(names)).map(
      (domain): Allowance => ({ from: ledger.freeAt('perDomain', domain, now), limit: 'perDomain' }),
    ),
  ]
  const longest = waits.reduce((most, each) => (each.from > most.from ? each : most))
  return longest.from > now ? longest : { from: now, limit: null }
}

const domainsOf = (names: readonly string[]) => [...new Set(names.map(registeredDomainOf))]

/** The entries by what they count for; built once for a pass, and added to while it plans. */
export class Ledger {
  readonly #times = new Map<string, number[]>()

  constructor(entries: readonly LedgerEntry[]) {
    for (const entry of entries.toSorted((a, b) => a.at - b.at)) this.add(entry)
  }

  add(entry: LedgerEntry): void {
    if (entry.kind === 'failure') this.#note('failuresPerHost', entry.host, entry.at)
    else if (entry.kind === 'order') this.#note('orders', 'all', entry.at)
    else {
      this.#note('perSet', setOf(entry.names), entry.at)
      const counted = entry.isRenewal ? [] : domainsOf(entry.names)
      for (const domain of counted) this.#note('perDomain', domain, entry.at)
    }
  }

  /** When one more is within the limit: the oldest that counts must have left the window. */
  freeAt(limit: LimitName, key: string, now: number): number {
    const { max, withinMs } = LIMITS[limit]
    const times = this.#times.get(`${limit} ${key}`) ?? []
    const oldest = times.at(-max)
    return oldest === undefined ? now : Math.max(now, oldest + withinMs + 1)
  }

  #note(limit: LimitName, key: string, at: number): void {
    const place = `${limit} ${key}`
    const times = this.#times.get(place)
    if (times) times.push(at)
    else this.#times.set(place, [at])
  }
}

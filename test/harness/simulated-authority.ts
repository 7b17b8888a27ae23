/**
 * A certificate authority in memory, by a clock of the test's: it holds to Let's Encrypt's limits and to RFC 8555, and
 * looks at proofs where they really lie. What it refuses for a limit, or has to do twice, it counts.
 */
import {
  type AcmeAuthorization,
  type AcmeClient,
  type AcmeOrder,
  AcmeRefused,
  type RenewalWindow,
} from '@cascata/control/acme/port'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const WEEK_MS = 7 * DAY_MS

type Order = {
  id: string
  names: readonly string[]
  status: AcmeOrder['status']
  /** When what it is busy with is done. */
  doneAt: number
  certificate: string | null
  isAnswered: boolean
}

export type Issued = { names: readonly string[]; serial: string; notBefore: number; notAfter: number }

export type AuthorityRules = {
  now(): number
  /** What stands at `http://<host>/.well-known/acme-challenge/<token>`, or in DNS; null when nothing does. */
  proofAt(host: string, token: string): string | null
  lifeMs(name: string): number
  /** Null suggests nothing. */
  windowOf(issued: Issued): RenewalWindow | null
  /** It does not answer at all. */
  isAway(): boolean
}

/** Times within a window, oldest first. */
class Meter {
  readonly #times = new Map<string, number[]>()

  count(key: string, since: number): number {
    const times = this.#times.get(key) ?? []
    while (times.length > 0 && (times[0] ?? 0) <= since) times.shift()
    return times.length
  }

  add(key: string, at: number): void {
    const times = this.#times.get(key)
    if (times) times.push(at)
    else this.#times.set(key, [at])
  }
}

export class SimulatedAuthority {
  readonly rules: AuthorityRules
  readonly issued = new Map<string, Issued>()
  /** By set of names, how many orders were made in all. */
  readonly ordersOf = new Map<string, number>()
  /** Refused for a limit. */
  refused = 0
  /** Orders made while another one for the same names was open. */
  doubled = 0
  requests = 0
  readonly #orders = new Map<string, Order>()
  readonly #open = new Map<string, Order>()
  readonly #meter = new Meter()
  readonly #known = new Set<string>()
  #next = 1

  constructor(rules: AuthorityRules) {
    this.rules = rules
  }

  client(): AcmeClient {
    const call = <Result>(work: () => Result): Promise<Result> => {
      this.requests++
      if (this.rules.isAway()) return Promise.reject(new Error('connect ECONNREFUSED'))
      try {
        return Promise.resolve(work())
      } catch (error) {
        return Promise.reject(error)
      }
    }
    return {
      account: () => call(() => 'account'),
      newOrder: (names) => call(() => this.#newOrder(names)),
      findOrder: (names) => call(() => this.#find(names)),
      order: (url) => call(() => view(this.#at(url), this.rules.now())),
      authorization: (url) => call(() => this.#authorization(url)),
      proofOf: ({ token }) => Promise.resolve(`${token}.thumbprint`),
      answer: (url) => call(() => this.#answer(this.#at(url))),
      finalize: (url) => call(() => this.#finalize(this.#at(url))),
      certificate: (url) => call(() => this.#at(url).certificate ?? ''),
      renewalWindow: (id) => call(() => this.#window(id)),
    }
  }

  #newOrder(names: readonly string[]): AcmeOrder {
    const now = this.rules.now()
    const set = names.toSorted().join()
    const [name = ''] = names
    const domain = name.split('.').slice(-2).join('.')
    const isRenewal = this.#known.has(set)
    this.#allow('orders', 300, now - 3 * HOUR_MS)
    this.#allow(`set ${set}`, 5, now - WEEK_MS)
    if (!isRenewal) this.#allow(`domain ${domain}`, 50, now - WEEK_MS)
    for (const host of names) this.#allow(`failed ${host}`, 5, now - HOUR_MS)
    this.#meter.add('orders', now)
    this.ordersOf.set(set, (this.ordersOf.get(set) ?? 0) + 1)
    const open = this.#open.get(set)
    if (open && (open.status === 'pending' || open.status === 'ready')) this.doubled++
    const id = `order-${this.#next++}`
    const order: Order = { id, names, status: 'pending', doneAt: 0, certificate: null, isAnswered: false }
    this.#orders.set(id, order)
    this.#open.set(set, order)
    return view(order, now)
  }

  #allow(key: string, max: number, since: number): void {
    if (this.#meter.count(key, since) < max) return
    this.refused++
    throw new AcmeRefused({ status: 429, type: 'rateLimited', detail: key, retryAfterMs: HOUR_MS })
  }

  #find(names: readonly string[]): AcmeOrder | undefined {
    const order = this.#open.get(names.toSorted().join())
    const waits = order?.status === 'pending' || order?.status === 'ready'
    return order && waits ? view(order, this.rules.now()) : undefined
  }

  #at(url: string): Order {
    const order = this.#orders.get(url.replace(/\/.*$/, ''))
    if (!order) throw new AcmeRefused({ status: 404, type: 'malformed', detail: url, retryAfterMs: null })
    this.#turn(order)
    return order
  }

  /** Looks at the proof, or signs, once the time for it has come. */
  #turn(order: Order): void {
    const now = this.rules.now()
    const host = hostOf(order)
    if (order.status === 'pending' && order.isAnswered && now >= order.doneAt) {
      const isShown = this.rules.proofAt(host, `token-${order.id}`) === `token-${order.id}.thumbprint`
      order.status = isShown ? 'ready' : 'invalid'
      if (!isShown) this.#meter.add(`failed ${host}`, now)
    }
    if (order.status === 'processing' && now >= order.doneAt) this.#sign(order, now)
  }

  #sign(order: Order, now: number): void {
    const [name = ''] = order.names
    const set = order.names.toSorted().join()
    const serial = order.id
    const issued = { names: order.names, serial, notBefore: now, notAfter: now + this.rules.lifeMs(name) }
    this.issued.set(serial, issued)
    order.certificate = JSON.stringify(issued)
    order.status = 'valid'
    this.#meter.add(`set ${set}`, now)
    if (!this.#known.has(set)) this.#meter.add(`domain ${name.split('.').slice(-2).join('.')}`, now)
    this.#known.add(set)
    this.#open.delete(set)
  }

  #authorization(url: string): AcmeAuthorization {
    const order = this.#at(url)
    const host = hostOf(order)
    const isOver = order.status === 'invalid'
    const status = isOver ? 'invalid' : order.status === 'pending' ? 'pending' : 'valid'
    const challenge = order.isAnswered && status === 'pending' ? 'processing' : status
    const error = isOver ? { type: 'connection', detail: `${host} does not answer` } : null
    const own = { url: `${order.id}/challenge`, token: `token-${order.id}`, error }
    const challenges = ['http-01', 'dns-01'].map((type) => ({ ...own, type, status: challenge }) as const)
    return { url, host, status, challenges, retryAfterMs: null }
  }

  #answer(order: Order): void {
    if (order.isAnswered) return
    order.isAnswered = true
    order.doneAt = this.rules.now() + 3_000
  }

  #finalize(order: Order): void {
    if (order.status !== 'ready')
      throw new AcmeRefused({ status: 403, type: 'orderNotReady', detail: order.status, retryAfterMs: null })
    order.status = 'processing'
    order.doneAt = this.rules.now() + 2_000
  }

  #window(id: string): RenewalWindow | undefined {
    const issued = this.issued.get(id)
    return (issued && this.rules.windowOf(issued)) ?? undefined
  }
}

const hostOf = ({ names: [name = ''] }: Order): string => name.replace(/^\*\./, '')

const view = (order: Order, now: number): AcmeOrder => ({
  ...{ url: order.id, status: order.status, authorizations: [`${order.id}/authorization`], error: null },
  ...{ finalize: `${order.id}/finalize`, retryAfterMs: order.doneAt > now ? order.doneAt - now : null },
  certificate: order.certificate === null ? null : `${order.id}/certificate`,
})

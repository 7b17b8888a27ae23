/**
 * Brings one order on as far as it goes without waiting.
 *
 * Nothing is held in memory between two steps: each is decided from what is kept and from what the authority says, so
 * that a kill between any two of them is a repeated look.
 */
import { Problem } from '@cascata/shared/problem'
import {
  AuthorityUnreachable,
  CertificateRefused,
  DnsRecordUnseen,
} from '@cascata/shared/problems/certificates'
import { fileNameOf, keyPurpose } from '../../acme/file.ts'
import { nextAction, type OrderAction, type OrderView, type Proof } from '../../acme/order.ts'
import { type AcmeClient, type AcmeOrder, AcmeRefused } from '../../acme/port.ts'
import { backoffAfter } from '../../acme/renewal.ts'
import type { Spread } from '../../adapters/zone-servers.ts'
import { CHALLENGE_TOKEN } from '../../edge/challenges.ts'
import type { OrderPatch } from '../../store/certificates.ts'
import type { OrderRow } from '../../store/tables/certificates.ts'
import type { Step } from '../effects.ts'
import { type CertificateStep, ENDED } from './plan.ts'
import { presentProof, spreadOf } from './proofs.ts'
import type { Authority, CertificatesWorld } from './world.ts'

export type Advance = Extract<CertificateStep, { do: 'acme.advance' }>

/** `waitMs`: to look again after; null when nothing is under way any more. */
export type Advanced = { waitMs: number | null; stored: boolean }

/** The authority has looked, and found no proof. */
class OrderLost extends Error {
  override readonly name = 'OrderLost'
  readonly hosts: readonly string[]
  readonly problem: Problem

  constructor({ hosts, error }: Extract<OrderAction, { do: 'fail' }>) {
    super(error.detail)
    this.hosts = hosts
    this.problem = CertificateRefused(error.type, error.detail)
  }
}

/** No order has more steps than this: what goes round in a circle is left for the next pass. */
const STEPS_MAX = 40

export async function advanceOrder(
  world: CertificatesWorld & { authority: Authority },
  step: Advance,
  signal: AbortSignal,
): Promise<Advanced> {
  try {
    const advancing = new Advancing(world, step, await preparedRow(world, step))
    return await advancing.run(signal)
  } catch (error) {
    if (signal.aborted) throw error
    await recordFailure(world, step, error)
    throw problemOf(error)
  }
}

/** Row, key and request stand before the authority hears of them. */
async function preparedRow(
  world: CertificatesWorld & { authority: Authority },
  step: Advance,
): Promise<OrderRow> {
  const { wanted, order } = step
  const base = { ref: wanted.ref, names: [...wanted.names], directory: world.authority.directory }
  if (order?.csr) return order
  return effect(world, step, 'acme.prepare', async () => {
    const key = await world.maker.newKey()
    const csr = await world.maker.newCsr(wanted.names, key)
    const made = { ...base, csr, key: world.seal.seal(keyPurpose(wanted.name), key) }
    // What is left of the order before is still to be taken down.
    const { proofs, cleanup, failures, problem, nextTryAt } = { ...NONE_BEFORE, ...order }
    const before = { proofs, cleanup, failures, problem, nextTryAt }
    const fresh = { ...before, ...made, replaces: step.replaces, askedAt: null, url: null }
    const { orders } = world.store.certificates
    await orders.insert({ name: wanted.name, ...base })
    await orders.change(wanted.name, fresh)
    return { createdAt: new Date(world.clock.now()), ...order, name: wanted.name, ...fresh }
  })
}

const NONE_BEFORE = { proofs: [], cleanup: null, failures: 0, problem: null, nextTryAt: null }

const effect = <Result>(
  { effects }: CertificatesWorld,
  { wanted }: Pick<Advance, 'wanted'>,
  name: Step,
  work: () => Promise<Result>,
) => effects.run(`${wanted.ref ?? '_system'}.${name}`, work)

class Advancing {
  readonly #world: CertificatesWorld & { authority: Authority }
  readonly #step: Advance
  #row: OrderRow
  #order: AcmeOrder | null = null
  /** As found in this run: the next one looks again. */
  #spread: Spread | undefined

  constructor(world: CertificatesWorld & { authority: Authority }, step: Advance, row: OrderRow) {
    this.#world = world
    this.#step = step
    this.#row = row
  }

  async run(signal: AbortSignal): Promise<Advanced> {
    const acme = await this.#world.authority.client()
    await this.#effect('acme.account', () => acme.account())
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      signal.throwIfAborted()
      const action = await this.#decide(acme)
      if (action.do === 'wait') return { waitMs: action.ms, stored: false }
      if (action.do === 'fail') throw new OrderLost(action)
      await this.#carryOut(acme, action)
      if (action.do === 'download') return { waitMs: null, stored: true }
    }
    return { waitMs: 1_000, stored: false }
  }

  async #decide(acme: AcmeClient): Promise<OrderAction> {
    const { clock } = this.#world
    if (this.#row.url !== null) this.#order = await orderAt(acme, this.#row.url)
    // It is gone from the authority: expired, long ago.
    if (this.#row.url !== null && this.#order === null) {
      await this.#change({ url: null, askedAt: null })
      return { do: 'wait', ms: 1_000 }
    }
    const order = this.#order
    const isOpen = order?.status === 'pending' || order?.status === 'invalid'
    const authorizations = await Promise.all(
      isOpen ? order.authorizations.map((url) => acme.authorization(url)) : [],
    )
    const { challenge } = this.#step.wanted
    const propagationMs = challenge === 'dns-01' ? ((await this.#world.dnsProvider())?.propagationMs ?? 0) : 0
    const { askedAt, url, proofs } = this.#row
    const progress = { askedAt: askedAt?.getTime() ?? null, url, proofs }
    const known = { order, authorizations, spread: spreadIs(this.#spread) }
    return nextAction({ progress, challenge, propagationMs, now: clock.now(), ...known })
  }

  async #carryOut(acme: AcmeClient, action: Exclude<OrderAction, { do: 'wait' | 'fail' }>): Promise<void> {
    switch (action.do) {
      case 'ask':
        await this.#effect('acme.ask', () => this.#markAsked())
        return this.#keep(await this.#effect('acme.order', () => this.#newOrder(acme)))
      case 'find':
        return this.#keep(
          await this.#effect('acme.order', async () => {
            return (await acme.findOrder(this.#row.names)) ?? (await this.#newOrder(acme))
          }),
        )
      case 'prove': {
        const { type, token } = action.challenge
        if (type !== 'http-01' && type !== 'dns-01') throw new Error(`a challenge of the type ${type}`)
        if (!CHALLENGE_TOKEN.test(token)) throw CertificateRefused('malformed', 'The token is none.')
        const value = await acme.proofOf({ type, token })
        const proof: Proof = { type, token, value, host: action.authorization.host, presentedAt: null }
        return this.#effect('acme.prove', () => this.#change({ proofs: [...this.#row.proofs, proof] }))
      }
      case 'present':
        await this.#effect('acme.present', () => presentProof(this.#world, action.proof))
        return this.#effect('acme.presented', () => this.#presented(action.proof))
      case 'look':
        this.#spread = await spreadOf(this.#world, action.proofs)
        return
      case 'answer':
        if (!action.isSeen) await this.#sayUnseen()
        return this.#effect('acme.answer', () => acme.answer(action.challengeUrl))
      case 'finalize':
        return this.#effect('acme.finalize', () => acme.finalize(action.url, this.#row.csr ?? ''))
      case 'download': {
        const chain = await acme.certificate(action.url)
        return this.#effect('acme.store', () => this.#storeCertificate(chain))
      }
    }
  }

  /** Whether or not the answer comes, an order was asked for: it counts. */
  #markAsked(): Promise<void> {
    const { store, authority, clock } = this.#world
    const askedAt = new Date(clock.now())
    this.#row = { ...this.#row, askedAt }
    return store.transaction(async ({ certificates }) => {
      await certificates.orders.change(this.#row.name, { askedAt })
      await certificates.ledger.append(authority.directory, { kind: 'order', at: askedAt.getTime() })
    })
  }

  async #newOrder(acme: AcmeClient): Promise<AcmeOrder> {
    const { names, replaces } = this.#row
    try {
      return await acme.newOrder(names, replaces)
    } catch (error) {
      if (!isRefusal(error)) throw error
      // Refused outright: there is no order to look for.
      if (replaces === null || error.type === 'rateLimited') {
        await this.#change({ askedAt: null })
        throw error
      }
      // The one to be replaced is unknown there, or has been: that is no reason to go without.
      await this.#change({ replaces: null })
      return this.#newOrder(acme)
    }
  }

  #keep(order: AcmeOrder): Promise<void> {
    this.#order = order
    return this.#effect('acme.keep', () => this.#change({ url: order.url }))
  }

  #presented(proof: Proof): Promise<void> {
    const presentedAt = this.#world.clock.now()
    return this.#change({
      proofs: this.#row.proofs.map((each) =>
        each.token === proof.token && each.host === proof.host ? { ...each, presentedAt } : each,
      ),
    })
  }

  /** The authority may see what we do not; what is amiss is said where people look, and is gone with the certificate. */
  async #sayUnseen(): Promise<void> {
    const { code, title, message: detail } = DnsRecordUnseen(this.#spread?.lacking ?? [])
    if (this.#row.problem?.code === code && this.#row.problem.detail === detail) return
    this.#world.log.warn(
      { certificate: this.#row.name, detail },
      'the authority is told to look all the same',
    )
    await this.#change({ problem: { code, title, detail } })
  }

  /** The certificate is there, and its order over: both or neither. What was put up for it is taken down after. */
  #storeCertificate(chain: string): Promise<void> {
    const { store, maker, authority, clock } = this.#world
    const { wanted, isRenewal } = this.#step
    const { notBefore, notAfter, issuer, serial, ariId } = maker.read(chain)
    const { name, key } = this.#row
    if (key === null) throw new Error(`the order for ${name} has lost its key`)
    const names = [...this.#row.names]
    const facts = { issuer, serial, ariId, trusted: true }
    const source = 'acme' as const
    const file = fileNameOf({ name, source, chain })
    const row = { ...facts, name, names, source, chain, key, ref: wanted.ref, file }
    const life = { notBefore: new Date(notBefore), notAfter: new Date(notAfter) }
    return store.transaction(async ({ certificates }) => {
      await certificates.put({ ...row, ...life })
      await certificates.orders.change(name, ENDED)
      const issued = { kind: 'issued', at: clock.now(), names, isRenewal } as const
      await certificates.ledger.append(authority.directory, issued)
    })
  }

  async #change(patch: OrderPatch): Promise<void> {
    await this.#world.store.certificates.orders.change(this.#row.name, patch)
    this.#row = { ...this.#row, ...(patch as Partial<OrderRow>) }
  }

  #effect<Result>(name: Step, work: () => Promise<Result>): Promise<Result> {
    return effect(this.#world, this.#step, name, work)
  }
}

const spreadIs = (spread: Spread | undefined): OrderView['spread'] =>
  spread === undefined
    ? 'unknown'
    : spread.servers > 0 && spread.lacking.length === 0
      ? 'everywhere'
      : 'partly'

/** Null when the authority no longer knows it. */
async function orderAt(acme: AcmeClient, url: string): Promise<AcmeOrder | null> {
  try {
    return await acme.order(url)
  } catch (error) {
    if (error instanceof AcmeRefused && error.status === 404) return null
    throw error
  }
}

/** A fault on its side leaves open what it has done. */
const isRefusal = (error: unknown): error is AcmeRefused => error instanceof AcmeRefused && error.status < 500

/** What came of it, and when to try again. An order that was not lost is gone on with then. */
async function recordFailure(
  world: CertificatesWorld & { authority: Authority },
  step: Advance,
  error: unknown,
): Promise<void> {
  const row = (await world.store.certificates.orders.list()).find(({ name }) => name === step.wanted.name)
  if (!row) return
  const at = world.clock.now()
  const failures = row.failures + 1
  const pauseMs = Math.max(
    backoffAfter(failures, step.endsAt === null ? null : step.endsAt - at),
    (error instanceof AcmeRefused && error.retryAfterMs) || 0,
  )
  const { code, title, message } = problemOf(error)
  // Why it was lost, most likely.
  const unseen = row.problem?.code === UNSEEN ? ` ${row.problem.detail}` : ''
  const problem = { code, title, detail: `${message}${unseen}` }
  const patch = { failures, nextTryAt: new Date(at + pauseMs), problem }
  const lost = error instanceof OrderLost ? error : undefined
  await effect(world, step, 'acme.fail', () =>
    world.store.transaction(async ({ certificates }) => {
      await certificates.orders.change(row.name, { ...patch, ...(lost && { url: null, askedAt: null }) })
      const { directory } = world.authority
      for (const host of lost?.hosts ?? [])
        await certificates.ledger.append(directory, { kind: 'failure', at, host })
    }),
  )
}

const UNSEEN = DnsRecordUnseen([]).code

function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error
  if (error instanceof OrderLost) return error.problem
  if (error instanceof AcmeRefused) return CertificateRefused(error.type, error.message).because(error)
  return AuthorityUnreachable().because(error)
}

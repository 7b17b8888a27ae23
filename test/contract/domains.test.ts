/** Whose a claimed name is: found out by the reconciler from a real name server, and kept in a real store. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { nameProof } from '@cascata/control/adapters/name-proof'
import { nameServers } from '@cascata/control/adapters/name-records'
import { dueInMs } from '@cascata/control/reconcile/domains/pace'
import { domainsTask } from '@cascata/control/reconcile/domains/task'
import { PROOF_PATH, proofText } from '@cascata/shared/contract/domains'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startNames, type TestNames } from '../harness/names.ts'
import { openTestStore, type TestStore } from './store.ts'

const DOMAIN = 'apps.test'
const HERE = '192.0.2.7'

let names: TestNames
let db: TestStore
let web: Server
/** Proofs that the names answer with, by name. */
const answered = new Map<string, string>()
let provenCalls = 0

beforeAll(async () => {
  ;[names, db] = await Promise.all([startNames(), openTestStore()])
  web = createServer((request, response) => {
    const proof = answered.get(request.headers.host ?? '')
    response.writeHead(request.url === `${PROOF_PATH}${proof}` ? 200 : 404).end(proof)
  }).listen(0, '127.0.0.1')
  await names.address(DOMAIN, HERE)
})
afterAll(async () => {
  web.close()
  await Promise.all([names.stop(), db.stop()])
})
beforeEach(async () => {
  await db.sql`delete from domains`
  answered.clear()
})

const task = () =>
  domainsTask({
    domains: db.store.domains,
    names: nameServers([`127.0.0.1:${names.port}`]),
    // The proxy of these tests stands on this machine, where no name of a tenant's is asked else.
    answers: nameProof({
      isAsked: (address) => address === '127.0.0.1',
      port: (web.address() as AddressInfo).port,
    }),
    place: async () => ({ domain: DOMAIN, addresses: [HERE] }),
    proven: () => {
      provenCalls += 1
    },
    clock: { now: () => Date.now() },
  })

const claim = (name: string, ref = 'shop', proof = `proof-of-${ref}`) =>
  db.store.domains.insert({ ref, name, redirectTo: null, httpsOnly: true, proof })

const look = async () => {
  const pass = await task().run(new AbortController().signal)
  expect(pass.failed).toEqual([])
  return pass
}

const problemOf = async (name: string, ref = 'shop') =>
  (await db.store.domains.find(ref, name))?.lastProblem?.code ?? null
const isProven = async (name: string, ref = 'shop') =>
  (await db.store.domains.find(ref, name))?.verifiedAt !== null

describe('a claimed name', () => {
  test('is its own by a TXT record, whatever it leads to', async () => {
    await claim('a.test')
    await names.address('a.test', '198.51.100.1')
    await names.text('_cascata.a.test', proofText('proof-of-shop'))
    const before = provenCalls
    expect((await look()).applied).toEqual(['a.test of shop'])
    expect(await isProven('a.test')).toBe(true)
    expect(provenCalls).toBe(before + 1)
    expect((await look()).applied).toEqual([])
  })

  test('is its own by an alias of its project, and by an address of the instance', async () => {
    await claim('b.test')
    await claim('c.test')
    await names.alias('b.test', `shop.${DOMAIN}`)
    await names.address('c.test', '2001:db8::1', HERE)
    await look()
    expect(await Promise.all([isProven('b.test'), isProven('c.test')])).toEqual([true, true])
  })

  test('says what was found until it is shown, and is then looked at no more', async () => {
    await claim('d.test')
    await names.alias('d.test', 'elsewhere.example')
    await look()
    expect(await problemOf('d.test')).toBe('domain-unproven')
    const row = await db.store.domains.find('shop', 'd.test')
    expect(row?.lastProblem?.detail).toContain('it is an alias of elsewhere.example')
    await names.alias('d.test', `shop.${DOMAIN}`)
    // Its next look is seconds away.
    await look()
    expect(await isProven('d.test')).toBe(false)
    await db.store.domains.askAgain(row?.id ?? '')
    await look()
    expect(await problemOf('d.test')).toBeNull()
    expect(await isProven('d.test')).toBe(true)
  })

  test('of two projects belongs to the one whose record it has', async () => {
    await claim('e.test', 'shop')
    await claim('e.test', 'blog')
    await names.address('e.test', HERE)
    await look()
    expect(await problemOf('e.test', 'shop')).toBe('domain-contested')
    expect(await problemOf('e.test', 'blog')).toBe('domain-contested')
    await names.text('_cascata.e.test', proofText('proof-of-blog'))
    await db.sql`update domains set checked_at = null`
    await look()
    expect(await isProven('e.test', 'blog')).toBe(true)
    await db.sql`update domains set checked_at = null`
    await look()
    expect(await problemOf('e.test', 'shop')).toBe('domain-taken')
    await names.text('_cascata.e.test', proofText('proof-of-shop'))
    await db.sql`update domains set checked_at = null`
    await look()
    expect(await problemOf('e.test', 'shop')).toBe('domain-taken')
  })

  test('below another project’s, which a wildcard leads here, wants a record that names the project', async () => {
    await claim('j.test', 'shop')
    await names.address('j.test', HERE)
    await look()
    expect(await isProven('j.test')).toBe(true)
    // What `*.j.test` makes of it.
    await names.address('login.j.test', HERE)
    await claim('login.j.test', 'blog')
    await look()
    expect(await isProven('login.j.test', 'blog')).toBe(false)
    expect(await problemOf('login.j.test', 'blog')).toBe('domain-contested')
    await claim('login.j.test', 'shop')
    await db.sql`delete from domains where ref = 'blog'`
    await look()
    expect(await isProven('login.j.test', 'shop')).toBe(true)
  })

  test('above another project’s is not had by an address either, nor by an answer through a proxy', async () => {
    await claim('eu.k.test', 'shop')
    await claim('eu.l.test', 'shop')
    await names.address('eu.k.test', HERE)
    await names.address('eu.l.test', HERE)
    await look()
    await names.address('k.test', HERE)
    await names.address('l.test', '127.0.0.1')
    await Promise.all(['k.test', 'l.test'].map((name) => claim(name, 'blog')))
    answered.set('l.test', 'proof-of-blog')
    await look()
    expect(await Promise.all([isProven('k.test', 'blog'), isProven('l.test', 'blog')])).toEqual([
      false,
      false,
    ])
    await names.text('_cascata.k.test', proofText('proof-of-blog'))
    await db.sql`update domains set checked_at = null`
    await look()
    expect(await isProven('k.test', 'blog')).toBe(true)
  })

  test('that leads to a proxy answers for itself', async () => {
    await claim('f.test')
    await names.address('f.test', '127.0.0.1')
    await look()
    expect(await isProven('f.test')).toBe(false)
    answered.set('f.test', 'proof-of-shop')
    await db.sql`update domains set checked_at = null`
    await look()
    expect(await isProven('f.test')).toBe(true)
  })

  test('whose servers fail is told apart from one without records, and harms no other', async () => {
    await claim('g.test')
    await claim('h.test')
    await names.fails('g.test')
    await names.address('h.test', HERE)
    await look()
    expect(await problemOf('g.test')).toBe('dns-unreachable')
    expect(await isProven('h.test')).toBe(true)
  })
})

test('nothing is asked that is not everybody’s to reach, whatever a name leads to', async () => {
  answered.set('m.test', 'proof-of-shop')
  const port = (web.address() as AddressInfo).port
  expect(await nameProof({ port, isAsked: () => true })('m.test', '127.0.0.1', 'proof-of-shop')).toBe(true)
  expect(await nameProof({ port })('m.test', '127.0.0.1', 'proof-of-shop')).toBe(false)
})

describe('a claim', () => {
  test('is made once for a project, and goes with it', async () => {
    await claim('i.test')
    await expect(claim('i.test')).rejects.toMatchObject({ code: 'domain-attached' })
    await db.store.projects.remove('shop')
    expect(await db.store.domains.list()).toEqual([])
  })

  test('is looked at often while somebody waits, and seldom after a day', () => {
    const now = Date.parse('2026-01-02T00:00:00Z')
    const ago = (ms: number) => new Date(now - ms).toISOString()
    const due = (ageMs: number) => dueInMs({ createdAt: ago(ageMs), checkedAt: ago(1_000) }, now)
    expect([0, 3e5, 3e6, 5e7, 2e8].map(due)).toEqual([4_000, 4_000, 59_000, 599_000, 3_599_000])
    expect(dueInMs({ createdAt: ago(2e8), checkedAt: null }, now)).toBe(0)
  })
})

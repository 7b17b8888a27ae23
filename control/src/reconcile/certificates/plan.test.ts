import { describe, expect, test } from 'vitest'
import type { LedgerEntry } from '../../acme/limits.ts'
import type { CertificateRow, OrderRow } from '../../store/tables/certificates.ts'
import { type CertificateStep, type CertificatesObserved, planCertificates } from './plan.ts'
import type { WantedCertificate } from './wanted.ts'

const DAY = 86_400_000
const NOW = 1_000 * DAY

const wanted = (name: string): WantedCertificate => ({
  ...{ name, names: [name], ref: 'shop', challenge: 'http-01' },
})
const row = (name: string, more: Partial<CertificateRow> = {}): CertificateRow => ({
  ...{ name, source: 'acme', ref: 'shop', names: [name], file: `${name}.aaaaaaaa`, chain: '', key: '' },
  ...{ issuer: 'x', serial: '1', ariId: 'id', notBefore: new Date(NOW), notAfter: new Date(NOW + 90 * DAY) },
  ...{ renewAt: null, windowStart: null, windowEnd: null, windowCheckAt: new Date(NOW + DAY) },
  ...{ trusted: true, createdAt: new Date(NOW), ...more },
})
const order = (name: string, more: Partial<OrderRow> = {}): OrderRow => ({
  ...{ name, ref: 'shop', names: [name], directory: 'ca', key: 'k', csr: 'c', replaces: null },
  ...{ askedAt: null, url: null, proofs: [], failures: 0, problem: null, nextTryAt: null },
  cleanup: null,
  ...{ createdAt: new Date(NOW), ...more },
})
const filesOf = (...rows: CertificateRow[]) => rows.flatMap(({ file }) => [`${file}.crt`, `${file}.key`])
const seen = (more: Partial<CertificatesObserved>): CertificatesObserved => ({
  ...{ now: NOW, directory: 'ca', wanted: [], held: [], orders: [], ledger: [], unsound: [] },
  ...{ files: filesOf(...(more.held ?? [])), challenges: [], inUse: new Set(), mayOutlive: () => false },
  ...{ unwritten: new Set<CertificateRow>(), lost: new Set<CertificateRow>() },
  ...more,
})

function words(step: CertificateStep): string {
  switch (step.do) {
    case 'directories.ensure':
      return step.do
    case 'certificate.prune':
    case 'challenge.prune':
      return `${step.do} ${step.names.join(' ')}`
    case 'acme.cleanup':
      return `${step.do} ${step.order.name}${step.forget ? ', forget' : ''}`
    case 'acme.advance':
      return `${step.do} ${step.wanted.name}${step.replaces ? `, replacing ${step.replaces}` : ''}`
    case 'acme.postpone':
      return `${step.do} ${step.wanted.name}: ${step.limit}`
    default:
      return `${step.do} ${step.row.name} ${step.row.source}`
  }
}
const plan = (more: Partial<CertificatesObserved>) => planCertificates(seen(more)).steps.map(words)

const a = wanted('a.test')
const [ownA, uploadOfA] = [row('a.test'), row('a.test', { source: 'upload', ariId: null })]
const underWay = order('a.test', { askedAt: new Date(NOW), url: 'u' })
const standing = (nextTryAt: number): Partial<OrderRow> => ({
  proofs: [...proofs],
  cleanup: { failures: 1, nextTryAt, problem: { code: 'proof-left', title: '', detail: '' } },
})
const proofs = [{ type: 'http-01' as const, host: 'a.test', token: 't', value: 'v', presentedAt: 1 }]

describe('the certificates', () => {
  test.each<[string, Partial<CertificatesObserved>, string[]]>([
    ['rest when all is well', { wanted: [a], held: [row('a.test')] }, []],
    ['of a new name begin with an order', { wanted: [a] }, ['acme.advance a.test']],
    [
      'are written again when their files are gone or not theirs',
      { wanted: [a], held: [ownA], files: [], unwritten: new Set([ownA]) },
      ['certificate.write a.test acme'],
    ],
    [
      'are asked for anew when they are lost, whatever is left of their life',
      { wanted: [a], held: [ownA], lost: new Set([ownA]) },
      ['acme.advance a.test, replacing id'],
    ],
    [
      'that are lost wait for the authority’s limits as any other',
      {
        ...{ wanted: [a], held: [ownA], lost: new Set([ownA]) },
        ledger: Array.from({ length: 5 }, () => ({
          ...{ kind: 'issued' as const, at: NOW - DAY, names: ['a.test'], isRenewal: true },
        })),
      },
      ['acme.postpone a.test: perSet'],
    ],
    [
      'of an authority serve when an uploaded one is lost',
      { wanted: [a], held: [ownA, uploadOfA], lost: new Set([uploadOfA]) },
      [],
    ],
    [
      'are asked for when an uploaded one is lost and there is no other',
      { wanted: [a], held: [uploadOfA], lost: new Set([uploadOfA]) },
      ['acme.advance a.test'],
    ],
    [
      'of a name that is gone go, key and all',
      { held: [row('a.test')], orders: [order('a.test')] },
      [
        'certificate.forget a.test acme',
        'certificate.prune a.test.aaaaaaaa.crt a.test.aaaaaaaa.key',
        'acme.cleanup a.test, forget',
      ],
    ],
    [
      'of another project than now go before that one gets its own',
      { wanted: [a], held: [row('a.test', { ref: 'other' })], directory: null },
      ['certificate.forget a.test acme', 'certificate.prune a.test.aaaaaaaa.crt a.test.aaaaaaaa.key'],
    ],
    [
      'that nobody wants serve while they live where they may',
      { held: [row('a.test')], mayOutlive: () => true },
      [],
    ],
    [
      'leave files alone that the edge still serves with',
      { files: ['a.test.aaaaaaaa.crt'], inUse: new Set(['a.test.aaaaaaaa']) },
      [],
    ],
    [
      'leave files alone while nobody knows what the edge serves with',
      { files: ['a.test.aaaaaaaa.crt'], inUse: null },
      [],
    ],
    [
      'take files away that nobody serves with, and none that are not theirs',
      { files: ['a.test.aaaaaaaa.key', 'localhost.crt', 'self_a.deadbeef.crt', 'a.test.cccccccc.key.tmp'] },
      ['certificate.prune a.test.aaaaaaaa.key a.test.cccccccc.key.tmp'],
    ],
    ['take away answers to challenges that are over', { challenges: ['old'] }, ['challenge.prune old']],
    [
      'are asked for again when due, and say what they replace',
      {
        wanted: [a],
        held: [row('a.test', { notBefore: new Date(NOW - 61 * DAY), notAfter: new Date(NOW + 29 * DAY) })],
      },
      ['acme.advance a.test, replacing id'],
    ],
    [
      'are asked for when the authority suggests it',
      { wanted: [a], held: [row('a.test', { renewAt: new Date(NOW - 1) })] },
      ['acme.advance a.test, replacing id'],
    ],
    [
      'are looked at for renewal in their time',
      { wanted: [a], held: [row('a.test', { windowCheckAt: null })] },
      ['acme.window a.test acme'],
    ],
    ['go on with an order that is under way', { wanted: [a], orders: [underWay] }, ['acme.advance a.test']],
    [
      'leave an order alone until its next try',
      { wanted: [a], orders: [{ ...underWay, nextTryAt: new Date(NOW + 1) }] },
      [],
    ],
    [
      'take down what was put up for an order that is over',
      { wanted: [a], held: [row('a.test')], orders: [order('a.test', { proofs })], challenges: ['t'] },
      ['acme.cleanup a.test, forget'],
    ],
    [
      'remember an order that failed, without its proofs',
      {
        wanted: [a],

        orders: [order('a.test', { proofs, failures: 1, nextTryAt: new Date(NOW + 1) })],
      },
      ['acme.cleanup a.test'],
    ],
    [
      'wait for nothing that could not be taken down: a renewal',
      {
        ...{ wanted: [a], held: [row('a.test', { renewAt: new Date(NOW - 1) })], challenges: ['t'] },
        orders: [order('a.test', { csr: null, ...standing(NOW + 1) })],
      },
      ['acme.advance a.test, replacing id'],
    ],
    [
      'wait for nothing that could not be taken down: a further try',
      { wanted: [a], orders: [order('a.test', { failures: 1, ...standing(NOW + 1) })], challenges: ['t'] },
      ['acme.advance a.test'],
    ],
    [
      'wait for nothing that could not be taken down: another owner',
      { wanted: [a], orders: [order('a.test', { ref: 'other', ...standing(NOW + 1) })], challenges: ['t'] },
      ['acme.advance a.test'],
    ],
    [
      'rest while what could not be taken down waits for its next try',
      {
        ...{ wanted: [a], held: [row('a.test')], challenges: ['t'] },
        orders: [order('a.test', { csr: null, ...standing(NOW + 1) })],
      },
      [],
    ],
    [
      'take down what could not be when its next try comes',
      {
        ...{ wanted: [a], held: [row('a.test')], challenges: ['t'] },
        orders: [order('a.test', { csr: null, ...standing(NOW) })],
      },
      ['acme.cleanup a.test, forget'],
    ],
    [
      'of who has the name now do not go on with the order of who had it',
      { wanted: [a], orders: [{ ...underWay, ref: 'other' }] },
      ['acme.cleanup a.test, forget'],
    ],
    [
      'of another authority are asked for anew there',
      { wanted: [a], orders: [order('a.test', { directory: 'old', url: 'u' })] },
      ['acme.cleanup a.test, forget'],
    ],
    [
      'are not asked for while an uploaded one serves',
      { wanted: [a], held: [row('a.test', { source: 'upload', trusted: true, ariId: null })] },
      [],
    ],
  ])('%s', (_sentence, given, expected) => {
    expect(plan(given)).toEqual(expected)
  })

  test('that end soonest are asked for first, new ones last and only as far as the limits allow', () => {
    const ending = (name: string, days: number) =>
      row(name, { notBefore: new Date(NOW - 80 * DAY), notAfter: new Date(NOW + days * DAY) })
    const names = ['new.test', 'late.shop.test', 'soon.shop.test', 'other.shop.test']
    const ledger: LedgerEntry[] = Array.from({ length: 49 }, (_, at) => ({
      ...{ kind: 'issued', at: NOW - DAY, names: [`n${at}.shop.test`], isRenewal: false },
    }))
    const held = [ending('late.shop.test', 9), ending('soon.shop.test', 3)]
    const given = { wanted: [...names, 'more.shop.test'].map((name) => wanted(name)), held, ledger }
    expect(plan(given)).toEqual([
      'acme.advance soon.shop.test, replacing id',
      'acme.advance late.shop.test, replacing id',
      'acme.advance new.test',
      'acme.advance other.shop.test',
      'acme.postpone more.shop.test: perDomain',
    ])
  })

  test('say when to look again: at the next thing that falls due', () => {
    const waiting = order('a.test', { nextTryAt: new Date(NOW + 5_000) })
    const { wakeAt } = planCertificates(seen({ wanted: [a], orders: [waiting] }))
    expect(wakeAt).toBe(NOW + 5_000)
    const held = [row('a.test', { windowCheckAt: new Date(NOW + 100 * DAY) })]
    expect(planCertificates(seen({ wanted: [a], held })).wakeAt).toBe(NOW + 60 * DAY)
    const left = [order('a.test', standing(NOW + 9_000))]
    expect(planCertificates(seen({ wanted: [a], held, orders: left })).wakeAt).toBe(NOW + 9_000)
  })
})

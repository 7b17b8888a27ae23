import { describe, expect, test } from 'vitest'
import type { PairFault } from '../acme/pair.ts'
import type { CertificateSource } from '../acme/port.ts'
import type { CertificateRow, OrderRow } from '../store/tables/certificates.ts'
import { viewCertificates } from './certificate-view.ts'
import type { CertificateDamage } from './ports.ts'

const DAY = 86_400_000
const NOW = 1_000 * DAY
const NAME = 'shop.test'

const row = (source: CertificateSource): CertificateRow => ({
  ...{ name: NAME, source, ref: 'shop', names: [NAME], file: `${NAME}.aaaaaaaa`, chain: '', key: '' },
  ...{ issuer: source, serial: '1', ariId: null, trusted: true, createdAt: new Date(NOW) },
  ...{ renewAt: null, windowStart: null, windowEnd: null, windowCheckAt: null },
  ...{ notBefore: new Date(NOW), notAfter: new Date(NOW + 90 * DAY) },
})
const order = (detail: string): OrderRow => ({
  ...{ name: NAME, ref: 'shop', names: [NAME], directory: 'ca', key: 'k', csr: 'c', replaces: null },
  ...{ askedAt: null, url: null, proofs: [], failures: 1, cleanup: null, createdAt: new Date(NOW) },
  ...{ problem: { code: 'certificate-refused', title: 'Refused', detail }, nextTryAt: new Date(NOW + DAY) },
})
const damage = (of: CertificateRow, fault: PairFault, isKept: boolean): CertificateDamage => ({
  ...{ row: of, fault, isKept },
})
const [acme, upload] = [row('acme'), row('upload')]

type Given = {
  held: CertificateRow[]
  damaged?: CertificateDamage[]
  orders?: OrderRow[]
  isAcmeOn?: boolean
}
function view({ held, damaged = [], orders = [], isAcmeOn = true }: Given) {
  const attached = [{ name: NAME, ref: 'shop' }]
  const [found] = viewCertificates({ held, damaged, orders, attached }, { now: NOW, isAcmeOn })
  const { state, source, last_error: problem, project_ref: ref } = found ?? {}
  expect(ref).toBe('shop')
  return [state, source, problem?.code, problem?.detail]
}

test('what could not be taken down is told with its next try, and concerns the certificate in nothing', () => {
  const problem = { code: 'proof-left', title: 'Left', detail: 'the TXT record' }
  const left: OrderRow = {
    ...{ ...order(''), csr: null, key: null, failures: 0, problem: null, nextTryAt: null },
    cleanup: { failures: 1, nextTryAt: NOW + DAY, problem },
  }
  const attached = [{ name: NAME, ref: 'shop' }]
  const [found] = viewCertificates(
    { held: [acme], damaged: [], orders: [left], attached },
    { now: NOW, isAcmeOn: true },
  )
  expect(found).toMatchObject({ state: 'valid', last_error: problem })
  expect(found?.next_try_at).toBe(new Date(NOW + DAY).toISOString())
})

const MISMATCH = 'Its files do not serve: the key belongs to another certificate.'
const LOST = 'What the instance keeps of it does not serve either.'

describe('a certificate', () => {
  test.each<[string, Given, unknown[]]>([
    ['is valid', { held: [acme] }, ['valid', 'acme', undefined, undefined]],
    [
      'is valid before its files were written: that is a matter of moments',
      { held: [acme], damaged: [damage(acme, 'missing', true)] },
      ['valid', 'acme', undefined, undefined],
    ],
    [
      'is damaged until it is written anew',
      { held: [acme], damaged: [damage(acme, 'mismatched', true)] },
      [
        ...['damaged', 'acme', 'certificate-damaged'],
        `${MISMATCH} They are written anew from what the instance keeps.`,
      ],
    ],
    [
      'that is lost is asked for anew',
      { held: [acme], damaged: [damage(acme, 'mismatched', false)] },
      [
        ...['damaged', null, 'certificate-damaged'],
        `${MISMATCH} ${LOST} Another one is asked for as soon as the limits of the authority allow.`,
      ],
    ],
    [
      'that is lost says, too, why there is no other yet',
      { held: [acme], damaged: [damage(acme, 'mismatched', false)], orders: [order('No such name.')] },
      [
        ...['damaged', null, 'certificate-damaged'],
        `${MISMATCH} ${LOST} Another one is asked for as soon as the limits of the authority allow. No such name.`,
      ],
    ],
    [
      'that is lost and that nobody asks for is to be uploaded again',
      { held: [upload], damaged: [damage(upload, 'key-missing', false)], isAcmeOn: false },
      [
        ...['damaged', null, 'certificate-damaged'],
        `Its files do not serve: the key is missing. ${LOST} Upload it again.`,
      ],
    ],
    [
      'of the authority is valid in place of an uploaded one that is lost, which is told',
      { held: [acme, upload], damaged: [damage(upload, 'mismatched', false)] },
      [
        ...['valid', 'acme', 'certificate-damaged'],
        `${MISMATCH} ${LOST} Another one of the name serves. Upload it again.`,
      ],
    ],
    [
      'whose order fails says why',
      { held: [acme], orders: [order('No such name.')] },
      ['failing', 'acme', 'certificate-refused', 'No such name.'],
    ],
  ])('%s', (_sentence, given, expected) => {
    expect(view(given)).toEqual(expected)
  })
})

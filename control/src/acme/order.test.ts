import { describe, expect, test } from 'vitest'
import { nextAction, type OrderProgress, type OrderView, type Proof } from './order.ts'
import type { AcmeAuthorization, AcmeChallenge, AcmeOrder } from './port.ts'

const NOW = 1_000_000

const order = (status: AcmeOrder['status'], more: Partial<AcmeOrder> = {}): AcmeOrder => ({
  ...{ url: 'order', status, authorizations: [], finalize: 'finalize', certificate: null },
  ...{ error: null, retryAfterMs: null, ...more },
})
const challenge = (status: AcmeChallenge['status'], more: Partial<AcmeChallenge> = {}): AcmeChallenge => ({
  ...{ type: 'http-01', url: 'challenge', token: 'token', status, error: null, ...more },
})
const authorization = (
  status: AcmeAuthorization['status'],
  challenges: AcmeChallenge[] = [challenge('pending')],
): AcmeAuthorization => ({ url: 'authz', host: 'shop.test', status, challenges, retryAfterMs: null })
const proof = (presentedAt: number | null, more: Partial<Proof> = {}): Proof => ({
  ...{ type: 'http-01', host: 'shop.test', token: 'token', value: 'v', presentedAt, ...more },
})
const asked: OrderProgress = { askedAt: 1, url: 'order', proofs: [] }

const view = (more: Partial<OrderView>): OrderView => ({
  ...{ progress: asked, challenge: 'http-01', propagationMs: 0, now: NOW, order: order('pending') },
  ...{ authorizations: [], spread: 'unknown' as const, ...more },
})

describe('the next step of an order', () => {
  const pending = [authorization('pending')]
  test.each<[string, Partial<OrderView>, string]>([
    ['is to ask for it', { order: null, progress: { askedAt: null, url: null, proofs: [] } }, 'ask'],
    [
      'is to look for it when it was asked for and the answer is lost',
      { order: null, progress: { askedAt: 1, url: null, proofs: [] } },
      'find',
    ],
    ['is to note the proof before it is put up', { authorizations: pending }, 'prove'],
    [
      'is to put up a proof that is noted',
      { authorizations: pending, progress: { ...asked, proofs: [proof(null)] } },
      'present',
    ],
    [
      'is to say so once it stands',
      { authorizations: pending, progress: { ...asked, proofs: [proof(NOW)] } },
      'answer',
    ],
    [
      'is to wait while the authority looks',
      {
        authorizations: [authorization('pending', [challenge('processing')])],
        progress: { ...asked, proofs: [proof(NOW)] },
      },
      'wait 1000',
    ],
    ['is to finalize what is proven', { order: order('ready') }, 'finalize'],
    ['is to wait while it is issued', { order: order('processing', { retryAfterMs: 7_000 }) }, 'wait 7000'],
    ['is to fetch the certificate', { order: order('valid', { certificate: 'there' }) }, 'download'],
    ['is to wait for a certificate that is not there yet', { order: order('valid') }, 'wait 1000'],
    ['is to give up what the authority gave up', { order: order('invalid') }, 'fail orderInvalid'],
    [
      'is to say which name was not proven',
      {
        order: order('invalid'),
        authorizations: [
          authorization('valid'),
          authorization('invalid', [challenge('invalid', { error: { type: 'dns', detail: 'no A' } })]),
        ],
      },
      'fail dns shop.test',
    ],
    [
      'is to give up where the authority wants another kind of proof',
      { authorizations: [authorization('pending', [challenge('pending', { type: 'tls-alpn-01' })])] },
      'fail unsupportedChallenge',
    ],
    ['never waits longer than a minute', { order: order('processing', { retryAfterMs: 1e9 }) }, 'wait 60000'],
  ])('%s', (_sentence, given, expected) => {
    const action = nextAction(view(given))
    const words =
      action.do === 'wait'
        ? `wait ${action.ms}`
        : action.do === 'fail'
          ? ['fail', action.error.type, ...action.hosts].join(' ')
          : action.do
    expect(words).toBe(expected)
  })

  test.each<[string, Partial<OrderView>, object]>([
    ['asks the zone’s servers first', {}, { do: 'look', proofs: [{ token: 'token' }] }],
    ['tells the authority once they all show it', { spread: 'everywhere' }, { do: 'answer', isSeen: true }],
    ['waits while one lacks it', { spread: 'partly' }, { do: 'wait', ms: 2_000 }],
    ['waits no longer than was said', { spread: 'partly', now: NOW + 4_500 }, { do: 'wait', ms: 500 }],
    ['asks once more at the end', { now: NOW + 5_000 }, { do: 'look' }],
    [
      'then tells the authority all the same, and says that it may find nothing',
      { spread: 'partly', now: NOW + 5_000 },
      { do: 'answer', isSeen: false },
    ],
    ['asks nobody where nothing is to be waited', { propagationMs: 0 }, { do: 'answer', isSeen: true }],
  ])('with a proof in DNS %s', (_sentence, given, expected) => {
    const authorizations = [authorization('pending', [challenge('pending', { type: 'dns-01' })])]
    const progress = { ...asked, proofs: [proof(NOW, { type: 'dns-01' })] }
    const base = { challenge: 'dns-01', propagationMs: 5_000, authorizations, progress } as const
    expect(nextAction(view({ ...base, ...given }))).toMatchObject(expected)
  })

  test('puts up both proofs of a wildcard before the first is looked at: they share a record', () => {
    const both = ['a', 'b'].map((token) =>
      authorization('pending', [challenge('pending', { type: 'dns-01', token })]),
    )
    const proofs = [proof(NOW, { type: 'dns-01', token: 'a' }), proof(null, { type: 'dns-01', token: 'b' })]
    const given = view({ challenge: 'dns-01', authorizations: both, progress: { ...asked, proofs } })
    expect(nextAction(given)).toMatchObject({ do: 'present', proof: { token: 'b' } })
  })
})

import { describe, expect, test } from 'vitest'
import { putBack, takeOut, withoutMarks } from './secrets.ts'
import { mergePatch, placesOf, strangers } from './tree.ts'

const SET = { set: true }
const whole = {
  siteUrl: 'https://a.example',
  jwt: { keys: [{ kid: 'a', d: 'x' }] },
  phone: { provider: { kind: 'twilio', authToken: 't' } },
  captcha: { provider: 'turnstile', secret: 'c' },
  smtp: { host: 'h', password: 'p' },
  hooks: { sendSms: { uri: 'https://a.example', secrets: ['v1,whsec_YQ=='] } },
  external: { google: { clientIds: ['g'], secret: 's' }, apple: { clientIds: ['a'], secret: null } },
  saml: { enabled: true, privateKey: 'k' },
}

describe('secrets', () => {
  test('are taken out wherever they may be, and come back where they were', () => {
    const { open, secrets } = takeOut(whole)
    expect(open).toEqual({
      siteUrl: 'https://a.example',
      jwt: { keys: SET },
      phone: { provider: { kind: 'twilio', authToken: SET } },
      captcha: { provider: 'turnstile', secret: SET },
      smtp: { host: 'h', password: SET },
      hooks: { sendSms: { uri: 'https://a.example', secrets: SET } },
      external: { google: { clientIds: ['g'], secret: SET }, apple: { clientIds: ['a'], secret: null } },
      saml: { enabled: true, privateKey: SET },
    })
    expect(putBack(open, secrets)).toEqual(whole)
  })

  test('whose settings were taken away are taken away', () => {
    const { secrets } = takeOut(
      mergePatch(whole, { external: { google: null }, smtp: null, saml: null }) as typeof whole,
    )
    expect(Object.keys(secrets).toSorted()).toEqual([
      ...['captcha.secret', 'hooks.sendSms.secrets', 'jwt.keys', 'phone.provider.authToken'],
    ])
  })

  test('that are not there leave nothing behind, and a mark sent back changes nothing', () => {
    expect(putBack({ smtp: { host: 'h', password: SET } }, {})).toEqual({ smtp: { host: 'h' } })
    const patch = withoutMarks({ smtp: { port: 25, password: SET }, external: null })
    expect(patch).toEqual({ smtp: { port: 25 }, external: null })
    expect(mergePatch(whole, patch)).toMatchObject({ smtp: { host: 'h', port: 25, password: 'p' } })
  })
})

describe('mergePatch', () => {
  test.each([
    ['sets what is named', { a: 1, b: 2 }, { a: 3 }, { a: 3, b: 2 }],
    ['takes away what is null', { a: 1, b: { c: 1, d: 2 } }, { a: null, b: { c: null } }, { b: { d: 2 } }],
    ['replaces an array as a whole', { a: [1, 2] }, { a: [3] }, { a: [3] }],
    [
      'makes an object where there was none',
      { a: 1 },
      { a: { b: { c: 1, d: null } } },
      { a: { b: { c: 1 } } },
    ],
    ['keeps nothing of another kind', { p: { kind: 'x', y: 1 } }, { p: { kind: 'z' } }, { p: { kind: 'z' } }],
    [
      'keeps the rest of the same kind',
      { p: { kind: 'x', y: 1 } },
      { p: { kind: 'x' } },
      { p: { kind: 'x', y: 1 } },
    ],
  ])('%s', (_sentence, before, patch, after) => {
    expect(mergePatch(before, patch)).toEqual(after)
  })

  test('a name of the language’s own is a name like any other', () => {
    const merged = mergePatch({}, JSON.parse('{"__proto__": {"siteUrl": "x"}}')) as { siteUrl?: string }
    expect([merged.siteUrl, Object.keys(merged)]).toEqual([undefined, ['__proto__']])
    expect(strangers(merged, {})).toEqual(['__proto__'])
  })
})

test('strangers are found at any depth, in lists too', () => {
  expect(strangers({ a: { b: 1, c: 2 }, d: [{ e: 1, f: 2 }] }, { a: { b: 1 }, d: [{ e: 1 }] })).toEqual([
    'a.c',
    'd.0.f',
  ])
})

test('the places of a patch are told without a value', () => {
  expect(placesOf({ smtp: { password: 'p', host: 'h' }, siteUrl: null, external: {} })).toEqual([
    ...['smtp.password', 'smtp.host', 'siteUrl', 'external'],
  ])
})

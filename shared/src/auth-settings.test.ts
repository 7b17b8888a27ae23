import { describe, expect, test } from 'vitest'
import { authAdminPassword } from './auth-password.ts'
import { AuthSettings } from './auth-settings.ts'
import { ProjectDocument } from './project-document.ts'

const signing = {
  kty: 'EC',
  kid: 'now',
  alg: 'ES256',
  crv: 'P-256',
  x: 'x',
  y: 'y',
  d: 'd',
  key_ops: ['sign', 'verify'],
}
const { d: _, ...checking } = { ...signing, kid: 'before', key_ops: ['verify'] }
const twilio = { kind: 'twilio', accountSid: 'AC', authToken: 't' }

describe('AuthSettings', () => {
  test('nothing said lets in only whoever has confirmed an address, and asks nobody outside', () => {
    const settings = AuthSettings.parse({})
    expect(settings).toMatchObject({
      email: { enabled: true, autoconfirm: false, allowUnverifiedSignIns: false },
      phone: { enabled: false, provider: null, testOtp: {} },
      anonymous: { enabled: false },
      manualLinking: false,
      sessions: { refreshRotation: true },
      lockout: { enabled: true },
      external: {},
      hooks: {},
      smtp: null,
      redirectUrls: [],
    })
    expect(AuthSettings.parse(settings)).toEqual(settings)
  })

  test('a document written before there was auth has its defaults', () => {
    const document = ProjectDocument.parse({
      ...{ version: 1, ref: 'shop', generation: 1, url: 'https://shop.example.com' },
      ...{ database: { host: '/x', password: 'p' }, jwtSecret: 'x'.repeat(32) },
      keys: { anon: 'a', serviceRole: 's' },
    })
    expect(AuthSettings.parse(document.auth)).toEqual(AuthSettings.parse({}))
  })

  test.each([
    ['a signing key, and the public half of the one before', { jwt: { keys: [signing, checking] } }],
    ['a number of Twilio’s', { phone: { provider: { ...twilio, from: '+4912' } } }],
    ['a messaging service of Twilio’s', { phone: { provider: { ...twilio, messagingServiceSid: 'MG' } } }],
    ['a hook in the database', { hooks: { sendEmail: { uri: 'pg-functions://postgres/public/send_it' } } }],
    [
      'a provider of one’s own',
      { external: { 'my-oidc': { clientIds: ['a'], issuer: 'https://id.example.com' } } },
    ],
  ])('takes %s', (_sentence, wish) => {
    expect(AuthSettings.safeParse(wish)).toMatchObject({ success: true })
  })

  test.each([
    ['keys of which none signs', { jwt: { keys: [checking] } }, 'jwt.keys'],
    [
      'a signing key without its private half',
      { jwt: { keys: [{ ...checking, key_ops: ['sign'] }] } },
      'jwt.keys.0',
    ],
    ['new users who are admins', { jwt: { adminRoles: ['authenticated'] } }, 'jwt.adminRoles'],
    ['everybody an admin', { jwt: { adminRoles: ['service_role', 'anon'] } }, 'jwt.adminRoles'],
    ...['//evil.example', '/\\evil.example', 'https://evil.example', '/a?b', 'verify'].map(
      (path): [string, object, string] => [
        `a link elsewhere: ${path}`,
        { mailer: { urlPaths: { invite: path } } },
        'mailer.urlPaths.invite',
      ],
    ),
    ['two keys of one name', { jwt: { keys: [signing, signing] } }, 'jwt.keys'],
    ['Twilio without a sender', { phone: { provider: twilio } }, 'phone.provider'],
    [
      'a hook by http that is not signed',
      { hooks: { sendSms: { uri: 'https://a.example' } } },
      'hooks.sendSms.secrets',
    ],
    ['a hook elsewhere in the machine', { hooks: { sendSms: { uri: 'file:///etc' } } }, 'hooks.sendSms.uri'],
    [
      'a subject with another header in it',
      { mailer: { templates: { invite: { subject: 'a\r\nBcc: b' } } } },
      'mailer.templates.invite.subject',
    ],
    [
      'a first lock longer than the longest',
      { lockout: { firstLockS: 100, maxLockS: 10 } },
      'lockout.maxLockS',
    ],
    ['a site that is a script', { siteUrl: 'javascript:alert(1)' }, 'siteUrl'],
  ])('refuses %s', (_sentence, wish, path) => {
    const read = AuthSettings.safeParse(wish)
    expect(read.error?.issues.map((issue) => issue.path.join('.'))).toContain(path)
  })
})

test('a name that a later release has is left out, not a reason to serve nothing', () => {
  const later = { email: { later: 1 }, later: {}, hooks: { later: {} }, mailer: { templates: { later: {} } } }
  expect(AuthSettings.parse(later)).toEqual(AuthSettings.parse({}))
})

describe('authAdminPassword', () => {
  test('is the same on both sides, and another one for each password', () => {
    expect(authAdminPassword('a')).toBe('GEhfM28Dams2Osbn6cgaYEduyr5jKhypQDuchYfivUw')
    expect(authAdminPassword('b')).not.toBe(authAdminPassword('a'))
  })
})

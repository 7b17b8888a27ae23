/** Settings of auth, as the control API promises them: what goes in, what comes out, and what never does. */

import { generateKeyPairSync } from 'node:crypto'
import { join } from 'node:path'
import { openSecrets } from '@cascata/control/adapters/project-secrets'
import { openSeal } from '@cascata/control/adapters/seal'
import { documentOf } from '@cascata/control/reconcile/projects/document'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openTestControl, type TestControl } from './control.ts'

const SET = { set: true }
const samlKey = generateKeyPairSync('rsa', { modulusLength: 2_048 })
  .privateKey.export({ type: 'pkcs1', format: 'der' })
  .toString('base64')
const SECRETS = [
  samlKey.slice(40, 80),
  'smtp-secret',
  'google-secret',
  'captcha-secret',
  'twilio-secret',
  'YWJjZGVmZ2g=',
  'private-half',
]
const key = {
  kty: 'EC',
  kid: 'k1',
  alg: 'ES256',
  crv: 'P-256',
  x: 'x',
  y: 'y',
  d: 'private-half',
  key_ops: ['sign'],
}

let on: TestControl
let owner: string
beforeAll(async () => {
  on = await openTestControl()
  owner = await on.claim()
  for (const ref of ['shop', 'other'])
    await on.call('POST', '/v1/projects', { as: owner, body: { name: ref, ref } })
})
afterAll(() => on?.stop())

const place = '/v1/projects/shop/auth/config'
const get = () => on.call('GET', place, { as: owner })
const patch = (body: unknown, headers: Record<string, string> = {}) =>
  on.call('PATCH', place, { as: owner, body, headers })

/** What the runtime would be given. */
async function documentNow() {
  const row = await on.store.projects.find('shop')
  if (!row) throw new Error('no shop')
  const seal = await openSeal(join(on.home, 'control', 'master.key'))
  return documentOf(row, { secrets: openSecrets(seal, row), url: 'http://shop.localhost', readOnly: false })
    .auth
}

describe('before anything was set', () => {
  test('all settings are shown with their defaults', async () => {
    const { status, body, headers } = await get()
    expect([status, headers.get('etag')]).toEqual([200, expect.stringMatching(/^"[\w-]{22}"$/)])
    expect(body).toMatchObject({
      ...{ siteUrl: null, redirectUrls: [], disableSignup: false, smtp: null, captcha: null },
      ...{ hooks: {}, external: {}, jwt: { expiryS: 3600, keys: [] }, password: { minLength: 6 } },
    })
  })
})

describe('a change', () => {
  test('is a merge patch: what is named changes, the rest stays, null is the default again', async () => {
    const { status, body, headers } = await patch({
      siteUrl: 'https://shop.example',
      jwt: { expiryS: 600 },
      password: { minLength: 12 },
    })
    expect([status, body.operation]).toEqual([202, expect.objectContaining({ kind: 'project.update' })])
    expect(headers.get('location')).toMatch(/^\/v1\/operations\//)
    expect((await patch({ jwt: { expiryS: null }, disableSignup: true })).body).toMatchObject({
      ...{ siteUrl: 'https://shop.example', disableSignup: true },
      ...{ jwt: { expiryS: 3600 }, password: { minLength: 12 } },
    })
  })

  test('keeps secrets: they reach the runtime, and no answer, no row and no log in clear', async () => {
    const answers = [
      await patch({
        smtp: { host: 'mail.example', user: 'shop', password: 'smtp-secret', senderEmail: 'a@shop.example' },
        external: { google: { clientIds: ['g'], secret: 'google-secret' } },
        captcha: { provider: 'turnstile', secret: 'captcha-secret' },
        phone: { provider: { kind: 'twilio', accountSid: 'AC', authToken: 'twilio-secret', from: '+49' } },
        hooks: { sendSms: { uri: 'https://hook.example', secrets: ['v1,whsec_YWJjZGVmZ2g='] } },
        jwt: { keys: [key] },
        saml: { enabled: true, privateKey: samlKey },
      }),
      await get(),
      await on.call('GET', '/v1/projects/shop/settings', { as: owner }),
      await on.call('GET', '/v1/projects/shop', { as: owner }),
      await on.call('GET', '/v1/audit', { as: owner }),
      await on.call('GET', '/v1/operations', { as: owner }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([202, 200, 200, 200, 200, 200])
    const row = JSON.stringify(await on.store.projects.find('shop'))
    for (const secret of SECRETS) {
      for (const { text } of answers) expect(text).not.toContain(secret)
      expect(row).not.toContain(secret)
      expect(on.logged.join('\n')).not.toContain(secret)
    }
    expect((await get()).body).toMatchObject({
      ...{ smtp: { password: SET }, external: { google: { secret: SET } }, captcha: { secret: SET } },
      ...{
        phone: { provider: { authToken: SET } },
        hooks: { sendSms: { secrets: SET } },
        jwt: { keys: SET },
        saml: { enabled: true, privateKey: SET },
      },
    })
    expect(await documentNow()).toMatchObject({
      ...{ smtp: { password: 'smtp-secret' }, external: { google: { secret: 'google-secret' } } },
      ...{ phone: { provider: { authToken: 'twilio-secret' } }, jwt: { keys: [key] } },
      saml: { privateKey: samlKey },
    })
  })

  test('leaves a secret when its mark comes back, and forgets it with what it belonged to', async () => {
    const { body } = await get()
    expect((await patch(body)).status).toBe(202)
    expect(await documentNow()).toMatchObject({
      smtp: { password: 'smtp-secret' },
      captcha: { secret: 'captcha-secret' },
    })
    await patch({ external: { google: null }, captcha: null })
    await patch({ external: { google: { clientIds: ['g'] } } })
    expect(await documentNow()).toMatchObject({ external: { google: { secret: null } }, captcha: null })
  })

  test('of the provider’s kind takes nothing along from the one before', async () => {
    const provider = { kind: 'webhook', url: 'https://sms.example', secret: 'another' }
    expect((await patch({ phone: { provider } })).body).toMatchObject({
      phone: { provider: { kind: 'webhook', url: 'https://sms.example', secret: SET } },
    })
  })

  test('is written down by its places alone', async () => {
    await patch({ smtp: { senderName: 'The shop' } })
    const { body } = await on.call('GET', '/v1/audit', { as: owner })
    expect(body.items?.[0]).toMatchObject({
      action: 'project.update',
      target: 'shop',
      detail: { auth: ['smtp.senderName'] },
    })
  })

  test('of settings that were changed meanwhile is refused, if it names those it has read', async () => {
    const etag = (await get()).headers.get('etag') ?? ''
    expect((await patch({ smtp: { password: 'newer' } }, { 'if-match': etag })).status).toBe(202)
    expect((await patch({ smtp: { password: 'newest' } }, { 'if-match': etag })).body).toMatchObject({
      code: 'settings-changed',
    })
  })

  test.each([
    ['a misspelt name', { emial: { enabled: true } }, 'emial: no setting of that name'],
    ['a misspelt name further down', { email: { autoConfirm: true } }, 'email.autoConfirm: no setting'],
    ['a hook that is none', { hooks: { beforeAll: { uri: 'x' } } }, 'hooks.beforeAll: no setting'],
    ['a value of another kind', { jwt: { expiryS: 'long' } }, 'jwt.expiryS: '],
    [
      'another mail server with the old password',
      { smtp: { host: 'evil.example' } },
      'smtp.password: must be given again',
    ],
    [
      'that password unencrypted',
      { smtp: { secure: 'never', password: SET } },
      'smtp.password: must be given again',
    ],
    ['mail without a sender', { smtp: { senderEmail: null } }, 'smtp.senderEmail: '],
    [
      'a key among trusted certificates',
      { trustedCertificates: '-----BEGIN PRIVATE KEY-----' },
      'trustedCertificates: must be one or more certificates in PEM',
    ],
    ['a provider without a client', { external: { github: {} } }, 'external.github.clientIds: '],
  ])('%s is refused, by its place', async (_what, wish, reason) => {
    expect((await patch(wish)).body).toMatchObject({
      ...{ status: 422, code: 'request-invalid', detail: expect.stringContaining(reason) },
    })
  })

  test('that is refused says nothing of the secret in it', async () => {
    const { text } = await patch({
      smtp: { password: 'smtp-secret', port: 0 },
      captcha: { secret: 'captcha-secret' },
    })
    expect(text).not.toMatch(/smtp-secret|captcha-secret/)
  })
})

test('other settings of the project stay, and theirs leave these', async () => {
  const settings = { as: owner, headers: { 'if-match': '*' } }
  await on.call('PATCH', '/v1/projects/shop/settings', { ...settings, body: { rest: { maxRows: 5 } } })
  expect((await get()).body).toMatchObject({ siteUrl: 'https://shop.example', smtp: { password: SET } })
  const { status } = await on.call('PATCH', '/v1/projects/shop/settings', { ...settings, body: { auth: {} } })
  expect(status).toBe(422)
})

test('new keys of the project leave the secrets of auth', async () => {
  await on.call('POST', '/v1/projects/shop/rotate-keys', { as: owner, body: {} })
  expect(await documentNow()).toMatchObject({ smtp: { password: 'newer' } })
})

test('a token of another project finds nothing here', async () => {
  const body = { name: 'theirs', scope: 'admin', project_ref: 'other' }
  const { token } = (await on.call('POST', '/v1/tokens', { as: owner, body })).body
  for (const method of ['GET', 'PATCH']) {
    const call = { as: String(token), ...(method === 'PATCH' && { body: { siteUrl: null } }) }
    expect((await on.call(method, place, call)).body).toMatchObject({ code: 'project-not-found' })
  }
})

test('the description of the API tells every setting and takes a patch of them', async () => {
  const { body } = await on.call('GET', '/openapi.json')
  expect(body).toMatchObject({
    paths: {
      '/v1/projects/{ref}/auth/config': {
        patch: {
          requestBody: {
            content: { 'application/json': { schema: { $ref: '#/components/schemas/ChangeAuthConfig' } } },
          },
        },
      },
    },
    components: {
      schemas: {
        AuthConfig: {
          properties: {
            password: { properties: { minLength: { default: 6 } } },
            external: {
              additionalProperties: {
                properties: { secret: { anyOf: [{ $ref: '#/components/schemas/HiddenSecret' }, {}] } },
              },
            },
          },
        },
      },
    },
  })
})

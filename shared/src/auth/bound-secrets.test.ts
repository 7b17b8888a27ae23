import { describe, expect, test } from 'vitest'
import { secretsAstray } from './bound-secrets.ts'
import { mergePatch, type Tree } from './tree.ts'

const before: Tree = {
  smtp: { host: 'mail.example', port: 587, user: 'shop', password: 'p', senderEmail: 'a@shop.example' },
  captcha: { provider: 'turnstile', secret: 'c' },
  phone: { provider: { kind: 'twilio', accountSid: 'AC', authToken: 't', from: '+49' } },
  external: {
    google: { clientIds: ['g'], secret: 's' },
    own: { issuer: 'https://id.example', clientIds: ['o'] },
  },
}

describe('a secret', () => {
  test.each<[string, Tree, string[]]>([
    ['stays where nothing it is sent to changes', { smtp: { senderEmail: 'b@shop.example' } }, []],
    ['stays where the same is said again', { smtp: { host: 'mail.example', port: 587 } }, []],
    ['does not go to another mail server', { smtp: { host: 'evil.example' } }, ['smtp.password']],
    ['nor to another port', { smtp: { port: 25 } }, ['smtp.password']],
    ['nor for another user', { smtp: { user: 'mallory' } }, ['smtp.password']],
    ['nor without TLS', { smtp: { secure: 'never' } }, ['smtp.password']],
    ['goes there when it is given again', { smtp: { host: 'new.example', password: 'p' } }, []],
    ['may be taken away with the move', { smtp: { host: 'new.example', password: null } }, []],
    ['may go with all it belonged to', { smtp: null }, []],
    [
      'of a captcha stays with its service',
      { captcha: { verifyUrl: 'https://evil.example' } },
      ['captcha.secret'],
    ],
    [
      'of Twilio stays with its API',
      { phone: { provider: { url: 'https://evil.example' } } },
      ['phone.provider.authToken'],
    ],
    [
      'of a provider stays with it',
      { external: { google: { url: 'https://evil.example' } } },
      ['external.google.secret'],
    ],
    [
      'of a provider does not go to another issuer',
      { external: { google: { issuer: 'https://evil.example' } } },
      ['external.google.secret'],
    ],
    ['that is not there goes nowhere', { external: { own: { issuer: 'https://other.example' } } }, []],
  ])('%s', (_sentence, wish, expected) => {
    const after = mergePatch(before, wish) as Tree
    expect(secretsAstray(before, after, wish).map(({ secret }) => secret)).toEqual(expected)
  })

  test('sent back as its mark is not given again', () => {
    const wish = { smtp: { host: 'evil.example', password: { set: true } } }
    const after = mergePatch(before, { smtp: { host: 'evil.example' } }) as Tree
    expect(secretsAstray(before, after, wish)).toEqual([{ secret: 'smtp.password', moved: 'smtp.host' }])
  })
})

import { generateKeyPairSync, type KeyObject } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { SamlSettings } from './saml.ts'

const rsa = (modulusLength: number): KeyObject => generateKeyPairSync('rsa', { modulusLength }).privateKey
const strong = rsa(2_048)
const der = (type: 'pkcs1' | 'pkcs8') => strong.export({ type, format: 'der' }).toString('base64')
const pem = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }).toString()

describe('the key of SAML', () => {
  test.each([
    ['PEM', pem(strong)],
    ['PKCS#1 in base64, as GoTrue has it', der('pkcs1')],
    ['PKCS#8 in base64', der('pkcs8')],
  ])('may be %s', (_form, privateKey) => {
    expect(SamlSettings.safeParse({ privateKey }).success).toBe(true)
  })

  test.each([
    ['shorter than 2048 bits', pem(rsa(1_024))],
    ['of another kind', pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)],
    [
      'public',
      generateKeyPairSync('rsa', { modulusLength: 2_048 })
        .publicKey.export({ type: 'spki', format: 'pem' })
        .toString(),
    ],
    ['no key', 'x'],
  ])('is not %s, and is not shown when it is', (_form, privateKey) => {
    const { error } = SamlSettings.safeParse({ privateKey })
    expect(error?.issues.map(({ path }) => path.join('.'))).toEqual(['privateKey'])
    expect(JSON.stringify(error?.issues)).not.toContain(privateKey.slice(30, 60) || privateKey.repeat(9))
  })

  test('need not be there, and nothing is on', () => {
    expect(SamlSettings.parse({})).toEqual({
      ...{ enabled: false, privateKey: null, externalUrl: null, idpInitiated: false },
    })
  })
})

import { generateKeyPairSync } from 'node:crypto'
import { rootCertificates } from 'node:tls'
import { describe, expect, test } from 'vitest'
import { certificatesIn, TrustedCertificates } from './certificates.ts'

const [one = '', other = ''] = rootCertificates
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
  ...{ type: 'pkcs8', format: 'pem' },
})

describe('trusted certificates', () => {
  test.each([
    ['one', one, [one]],
    ['several', `${one}\n${other}\n`, [one, other]],
    ['a bundle, which names each', `# One\n=====\n${one}\n# Other\n=======\n${other}`, [one, other]],
  ])('may be %s', (_what, pem, expected) => {
    expect(certificatesIn(TrustedCertificates.parse(pem) ?? '')).toEqual(expected)
  })

  test.each([
    ['nothing', ''],
    ['a file’s name', '/etc/ssl/ca.pem'],
    ['a key', String(key)],
    ['a certificate with its key', `${one}\n${key}`],
    ['one that is cut off', one.slice(0, -30)],
    ['one that is cut off beside another', `${one}\n${other.slice(0, -30)}`],
    ['one of other bytes', one.replace('MII', 'AAA')],
    ['more than a project needs', rootCertificates.join('\n')],
  ])('are not %s', (_what, pem) => {
    expect(TrustedCertificates.safeParse(pem).success).toBe(false)
  })

  test('need not be there', () => {
    expect(TrustedCertificates.parse(undefined)).toBeNull()
  })
})

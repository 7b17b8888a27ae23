import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CertificateFile, fileNameOf } from '../acme/file.ts'
import { certificateFor, type ServedCertificate } from './certificates.ts'
import { CHALLENGE_TOKEN } from './challenges.ts'

const of = (names: string[], trusted = true, notAfter = 1): ServedCertificate => ({
  ...{ names, trusted, notAfter, file: fileNameOf(names[0] ?? '', trusted ? 'aaaaaaaa' : 'bbbbbbbb') },
})

describe('the certificate that serves a name', () => {
  test.each([
    ['the one made for it', [of(['shop.test']), of(['other.test'])], 'shop.test', 'shop.test.aaaaaaaa'],
    [
      'a wildcard of the level above',
      [of(['*.example', 'example'])],
      'a.example',
      'wildcard_.example.aaaaaaaa',
    ],
    ['its own before a wildcard', [of(['*.example']), of(['a.example'])], 'a.example', 'a.example.aaaaaaaa'],
    [
      'a trusted wildcard before one of its own that is not',
      [of(['*.e.test']), of(['a.e.test'], false)],
      'a.e.test',
      'wildcard_.e.test.aaaaaaaa',
    ],
    [
      'one that is not trusted when there is no other',
      [of(['shop.test'], false)],
      'shop.test',
      'shop.test.bbbbbbbb',
    ],
  ])('is %s', (_sentence, certificates, name, file) => {
    expect(certificateFor(name, certificates)?.file).toBe(file)
  })

  test.each(['other.test', 'a.b.example', 'test', ''])('is never one that has not the name: %j', (name) => {
    expect(certificateFor(name, [of(['shop.test']), of(['*.example', 'example'])])).toBeUndefined()
  })
})

test('neither a file’s name nor a token holds anything that means something to nginx or to a path', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 40 }), (hostile) => {
      if (CertificateFile.safeParse(`${hostile}.aaaaaaaa`).success) expect(hostile).toMatch(/^[a-z0-9_.-]+$/)
      if (CHALLENGE_TOKEN.test(hostile)) expect(hostile).toMatch(/^[A-Za-z0-9_-]+$/)
    }),
  )
})

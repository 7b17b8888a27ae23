import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CertificateFile } from '../acme/file.ts'
import { certificateFor, type ServedCertificate } from './certificates.ts'
import { CHALLENGE_TOKEN } from './challenges.ts'

const DOMAIN = 'example'

const of = (names: string[], trusted = true, owner: string | null = null): ServedCertificate => ({
  ...{ name: names[0] ?? '', names, owner, trusted, notAfter: 1 },
  file: CertificateFile.parse(
    `${(names[0] ?? '').replace('*', 'wildcard_')}.${trusted ? 'aaaaaaaa' : 'bbbbbbbb'}`,
  ),
})

const shops = (...names: string[]) => of(names, true, 'shop')

describe('the certificate that serves a name', () => {
  test.each([
    ['the one made for it', [shops('shop.test'), shops('other.test')], 'shop.test', 'shop.test.aaaaaaaa'],
    [
      'a wildcard of the level above',
      [shops('*.shop.test', 'shop.test')],
      'a.shop.test',
      'wildcard_.shop.test.aaaaaaaa',
    ],
    [
      'its own before a wildcard',
      [shops('*.shop.test'), shops('a.shop.test')],
      'a.shop.test',
      'a.shop.test.aaaaaaaa',
    ],
    [
      'the one that is known by it before one that has it beside others, however long that lives',
      [{ ...shops('other.test', 'shop.test'), notAfter: 9 }, shops('shop.test')],
      'shop.test',
      'shop.test.aaaaaaaa',
    ],
    [
      'a trusted wildcard before one of its own that is not',
      [shops('*.e.test'), of(['a.e.test'], false, 'shop')],
      'a.e.test',
      'wildcard_.e.test.aaaaaaaa',
    ],
    [
      'one that is not trusted when there is no other',
      [of(['shop.test'], false, 'shop')],
      'shop.test',
      'shop.test.bbbbbbbb',
    ],
    [
      'the instance’s wildcard for a name that the instance gave it',
      [of(['*.example', 'example'])],
      'shop.example',
      'wildcard_.example.aaaaaaaa',
    ],
    [
      'its project’s own before the instance’s wildcard',
      [of(['*.example', 'example']), shops('shop.example')],
      'shop.example',
      'shop.example.aaaaaaaa',
    ],
  ])('is %s', (_sentence, certificates, name, file) => {
    expect(certificateFor({ name, owner: 'shop' }, DOMAIN, certificates)?.file).toBe(file)
  })

  test.each(['other.test', 'a.b.example', 'test', ''])('is never one that has not the name: %j', (name) => {
    const certificates = [shops('shop.test'), of(['*.example', 'example'])]
    expect(certificateFor({ name, owner: 'shop' }, DOMAIN, certificates)).toBeUndefined()
  })

  const taken = of(['mine.test', 'victim.test', 'example', '*.example', 'shop.example'], true, 'thief')
  test.each([
    ['another project’s', 'victim.test', 'shop'],
    ['the instance’s', 'example', null],
    ['one the instance gave another project', 'shop.example', 'shop'],
    ['one of a project that is not there yet', 'later.example', 'later'],
  ])('is never another project’s, which names whom it likes: %s', (_sentence, name, owner) => {
    expect(certificateFor({ name, owner }, DOMAIN, [taken])).toBeUndefined()
    expect(certificateFor({ name: 'mine.test', owner: 'thief' }, DOMAIN, [taken])).toBe(taken)
  })

  test('is never the instance’s for a name that is not right below its domain', () => {
    const wide = of(['*.example', 'example', 'shop.test', '*.shop.test'])
    for (const name of ['shop.test', 'a.shop.test', 'a.b.example'])
      expect(certificateFor({ name, owner: 'shop' }, DOMAIN, [wide])).toBeUndefined()
  })

  test('whoever owns what, belongs to the owner of the name or to the instance', () => {
    const owner = fc.constantFrom('shop', 'thief', null)
    const name = fc.constantFrom('shop.test', 'thief.test', 'example', 'shop.example', 'thief.example')
    const names = fc.uniqueArray(fc.oneof(name, fc.constant('*.example')), { minLength: 1 })
    const certificate = fc.record({ owner, names, trusted: fc.boolean() })
    fc.assert(
      fc.property(fc.array(certificate), name, owner, (all, asked, whose) => {
        const certificates = all.map((each) => of(each.names, each.trusted, each.owner))
        const found = certificateFor({ name: asked, owner: whose }, DOMAIN, certificates)
        if (found) expect([whose, null]).toContain(found.owner)
      }),
    )
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

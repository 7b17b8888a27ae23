import { describe, expect, test } from 'vitest'
import { isVerifierOf, scramVerifier, startScram } from './scram.ts'

describe('scramVerifier', () => {
  test('is the form Postgres stores', async () => {
    expect(await scramVerifier('pencil')).toMatch(
      /^SCRAM-SHA-256\$4096:[\w+/]{22}==\$[\w+/]{43}=:[\w+/]{43}=$/,
    )
  })

  test('is another one each time, and each is that of its password alone', async () => {
    const [one, two] = await Promise.all([scramVerifier('pencil'), scramVerifier('pencil')])
    expect(one).not.toBe(two)
    expect(await isVerifierOf(one, 'pencil')).toBe(true)
    expect(await isVerifierOf(two, 'pencil')).toBe(true)
    expect(await isVerifierOf(one, 'pencil ')).toBe(false)
  })

  test.each([
    ['an md5 password', 'md5a1b2c3d4'],
    ['no password', ''],
    ['a count that would take for ever', 'SCRAM-SHA-256$9999999:AAAA$AAAA:AAAA'],
  ])('%s is nobody’s', async (_sentence, stored) => {
    expect(await isVerifierOf(stored, 'pencil')).toBe(false)
  })
})

describe('startScram', () => {
  // RFC 7677, section 3; there the client names its user, which Postgres leaves empty, so only the shape is taken.
  const nonce = 'rOprNGfwEbeRWgbNEkqO'
  const serverFirst = `r=${nonce}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`

  test('answers with a proof over the nonce of both', async () => {
    const exchange = startScram('pencil', nonce)
    expect(exchange.clientFirst).toBe(`n,,n=,r=${nonce}`)
    expect(await exchange.clientFinal(serverFirst)).toMatch(
      /^c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj\)hNlF\$k0,p=[\w+/]{43}=$/,
    )
  })

  test.each([
    ['a nonce that is not ours', 'r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096'],
    ['a count of zero', `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=0`],
    ['a count of hours', `r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=9999999`],
    ['an extension', `m=x,r=${nonce}x,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`],
  ])('refuses %s', async (_sentence, message) => {
    await expect(startScram('pencil', nonce).clientFinal(message)).rejects.toThrow('not acceptable')
  })

  test('refuses a server that does not know the password', async () => {
    const exchange = startScram('pencil', nonce)
    expect(() => exchange.verify('v=')).toThrow('did not prove')
    await exchange.clientFinal(serverFirst)
    expect(() => exchange.verify('v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')).toThrow('did not prove')
  })
})

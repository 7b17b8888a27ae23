import { describe, expect, test } from 'vitest'
import { scramVerifier, startScram } from './scram.ts'

describe('scramVerifier', () => {
  test('is the form Postgres stores', async () => {
    expect(await scramVerifier('pencil')).toMatch(
      /^SCRAM-SHA-256\$4096:[\w+/]{22}==\$[\w+/]{43}=:[\w+/]{43}=$/,
    )
  })

  test('is the same each time, and another for another password', async () => {
    const one = await scramVerifier('pencil')
    expect(await scramVerifier('pencil')).toBe(one)
    const [salt, other] = [one, await scramVerifier('pencil ')].map((verifier) => verifier.split('$')[1])
    expect(other).not.toBe(salt)
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

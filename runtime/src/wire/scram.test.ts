import { describe, expect, test } from 'vitest'
import { scramExchange } from './scram.ts'

// The example of RFC 7677, section 3.
const NONCE = 'rOprNGfwEbeRWgbNEkqO'
const SERVER_NONCE = `${NONCE}%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0`
const SERVER_FIRST = `r=${SERVER_NONCE},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`
const SERVER_FINAL = 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

describe('scramExchange', () => {
  test('speaks the exchange of the RFC', async () => {
    const exchange = scramExchange('user', 'pencil', NONCE)
    expect(exchange.first).toBe(`n,,n=user,r=${NONCE}`)
    const proof = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ='
    expect(await exchange.answer(SERVER_FIRST)).toBe(`c=biws,r=${SERVER_NONCE},p=${proof}`)
    expect(() => exchange.verify(SERVER_FINAL)).not.toThrow()
  })

  test.each([
    ['a proof of another password', `v=${Buffer.alloc(32).toString('base64')}`],
    ['a proof of another length', 'v=AAAA'],
    ['no proof', 'e=other-error'],
  ])('refuses a server with %s', async (_sentence, final) => {
    const exchange = scramExchange('user', 'pencil', NONCE)
    await exchange.answer(SERVER_FIRST)
    expect(() => exchange.verify(final)).toThrow('could not prove')
  })

  test('refuses a proof before the exchange', () => {
    expect(() => scramExchange('user', 'pencil', NONCE).verify(SERVER_FINAL)).toThrow('could not prove')
  })

  test.each([
    ['another nonce', 'r=other,s=AAAA,i=4096', 'another exchange'],
    ['our nonce alone', `r=${NONCE},s=AAAA,i=4096`, 'another exchange'],
    ['no iterations', `r=${SERVER_NONCE},s=AAAA`, 'iterations'],
    ['zero iterations', `r=${SERVER_NONCE},s=AAAA,i=0`, 'iterations'],
    ['a billion iterations', `r=${SERVER_NONCE},s=AAAA,i=1000000000`, 'iterations'],
  ])('refuses a first message with %s', async (_sentence, first, message) => {
    await expect(scramExchange('user', 'pencil', NONCE).answer(first)).rejects.toThrow(message)
  })

  test('escapes what separates the fields', () => {
    expect(scramExchange('a=b,c', '', NONCE).first).toBe(`n,,n=a=3Db=2Cc,r=${NONCE}`)
  })
})

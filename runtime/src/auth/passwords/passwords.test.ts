import { describe, expect, test } from 'vitest'
import { createPasswords } from './passwords.ts'

const QUICK = { cost: { memoryKiB: 64, passes: 1, lanes: 1 } }
const bcrypt64 = 'abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-+'

/** RFC 7914, section 12: the third vector, as a PHC string. */
const RFC_7914_DIGEST =
  'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640'
const phc = (hex: string) => Buffer.from(hex, 'hex').toString('base64').replace(/=+$/, '')

const FIREBASE =
  '$fbscrypt$v=1,n=14,r=8,p=1,ss=Bw==,sk=ou9tdYTGyYm8kuR6Dt0Bp0kDuAYoXrK16mbZO4yGwAn3oLspjnN0/c41v8xZnO1n14J3MjKj1b2g6AUCAlFwMw==' +
  '$C0sHCg9ek77hsg==$zKVTMvnWVw5BBOZNUdnsalx4c4c7y/w7IS5p6Ut2+CfEFFlz37J9huyQfov4iizN8dbjvEJlM5tQaJP84+hfTw=='

describe('published vectors are verified, and the same with another password is not', () => {
  const passwords = createPasswords()
  test.each([
    [
      'argon2id (reference implementation)',
      'password',
      '$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4',
    ],
    [
      'argon2id of two lanes (reference implementation)',
      'password',
      '$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc',
    ],
    ['argon2i (GoTrue)', 'test', '$argon2i$v=19$m=16,t=2,p=1$bGJRWThNOHJJTVBSdHl2dQ$NfEnUOuUpb7F2fQkgFUG4g'],
    [
      'argon2id (GoTrue)',
      'test',
      '$argon2id$v=19$m=32,t=3,p=2$SFVpOWJ0eXhjRzVkdGN1RQ$RXnb8rh7LaDcn07xsssqqulZYXOM/EUCEFMVcAcyYVk',
    ],
    ['bcrypt $2a (crypt_blowfish)', 'U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
    [
      'bcrypt $2y (the same, as PHP writes it)',
      'U*U',
      '$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW',
    ],
    [
      'bcrypt $2b (the same, as OpenBSD writes it)',
      'U*U*',
      '$2b$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK',
    ],
    [
      'scrypt (RFC 7914)',
      'password',
      `$scrypt$ln=10,r=8,p=16$${phc(Buffer.from('NaCl').toString('hex'))}$${phc(RFC_7914_DIGEST)}`,
    ],
    ['Firebase scrypt (GoTrue)', 'mytestpassword', FIREBASE],
  ])('%s', async (_name, password, hash) => {
    expect(await passwords.verify(password, hash)).toEqual({ ok: true, stale: true })
    expect(await passwords.verify(`${password}1`, hash)).toEqual({ ok: false, stale: false })
    expect(await passwords.verify('', hash)).toEqual({ ok: false, stale: false })
  })
})

describe('new hashes', () => {
  test('are argon2id with the parameters that OWASP names first, and need no renewal', async () => {
    const passwords = createPasswords()
    const hash = await passwords.hash('correct horse')
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/)
    expect(await passwords.verify('correct horse', hash)).toEqual({ ok: true, stale: false })
    expect((await passwords.verify('correct horsf', hash)).ok).toBe(false)
  })

  test('of one password differ: each has its own salt', async () => {
    const passwords = createPasswords(QUICK)
    expect(await passwords.hash('correct horse')).not.toBe(await passwords.hash('correct horse'))
  })

  test.each([
    ['64 characters', 64],
    ['72 characters, where bcrypt ends', 72],
    ['73 characters', 73],
    ['1,000 characters', 1_000],
  ])('of %s are not cut: the last character counts', async (_sentence, length) => {
    const passwords = createPasswords(QUICK)
    const password = 'ü'.repeat(length - 1)
    const hash = await passwords.hash(`${password}a`)
    expect((await passwords.verify(`${password}a`, hash)).ok).toBe(true)
    expect((await passwords.verify(`${password}b`, hash)).ok).toBe(false)
    expect((await passwords.verify(password, hash)).ok).toBe(false)
  })

  test('of more than 1,000 characters are refused, and verify nothing', async () => {
    const passwords = createPasswords(QUICK)
    const hash = await passwords.hash('a'.repeat(1_000))
    await expect(passwords.hash('a'.repeat(1_001))).rejects.toMatchObject({ code: 'password-too-long' })
    expect((await passwords.verify('a'.repeat(1_001), hash)).ok).toBe(false)
  })

  test('count what follows a zero byte', async () => {
    const passwords = createPasswords(QUICK)
    const hash = await passwords.hash('before\0after')
    expect((await passwords.verify('before\0other', hash)).ok).toBe(false)
    expect((await passwords.verify('before', hash)).ok).toBe(false)
  })
})

describe('stale', () => {
  test('is a hash that was cheaper than new ones are', async () => {
    const hash = await createPasswords(QUICK).hash('correct horse')
    expect(
      await createPasswords({ cost: { ...QUICK.cost, passes: 2 } }).verify('correct horse', hash),
    ).toEqual({
      ok: true,
      stale: true,
    })
  })

  test('is no bcrypt hash of a password longer than bcrypt reads: its tail was never checked', async () => {
    const { hash } = await import('@node-rs/bcrypt')
    const imported = await hash(`${bcrypt64}12345678`, 4)
    const passwords = createPasswords(QUICK)
    expect(await passwords.verify(`${bcrypt64}12345678`, imported)).toEqual({ ok: true, stale: true })
    expect(await passwords.verify(`${bcrypt64}12345678 and a tail`, imported)).toEqual({
      ok: true,
      stale: false,
    })
    expect((await passwords.verify(`${bcrypt64}1234567`, imported)).ok).toBe(false)
  })
})

test('a hash that cannot be read verifies nothing, and is told to the log', async () => {
  const told: unknown[] = []
  const passwords = createPasswords({ ...QUICK, onUnreadable: (problem) => told.push(problem) })
  expect(await passwords.verify('anything', 'anything')).toEqual({ ok: false, stale: false })
  expect(told).toMatchObject([{ code: 'password-hash-unsupported' }])
})

test('pretending takes the time and the place in the queue of a verification', async () => {
  const passwords = createPasswords()
  const hash = await passwords.hash('correct horse')
  const took = async (work: () => Promise<unknown>) => {
    const start = performance.now()
    await work()
    return performance.now() - start
  }
  // The quickest of several: the machine may be busy with something else, but cannot be quicker than the work.
  const pairs: [number, number][] = []
  for (let round = 0; round < 12; round += 1)
    pairs.push([
      await took(() => passwords.verify('wrong horse', hash)),
      await took(() => passwords.pretend('wrong horse')),
    ])
  const verified = Math.min(...pairs.map(([one]) => one))
  const pretended = Math.min(...pairs.map(([, other]) => other))
  expect(pretended / verified).toBeGreaterThan(0.3)
  expect(pretended / verified).toBeLessThan(3)

  const full = createPasswords({ ...QUICK, bounds: { atOnceMax: 1, waitingMax: 0 } })
  const first = full.pretend('a')
  await expect(full.pretend('b')).rejects.toMatchObject({ code: 'password-queue-full' })
  await first
})

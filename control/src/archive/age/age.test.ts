import { pipeline } from 'node:stream/promises'
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { openAge, sealAge } from './age.ts'
import type { OpenWith, SealFor } from './header.ts'
import { CHUNK_BYTES } from './payload.ts'

/** Pieces of a size that fits no border. */
async function* pieces(bytes: Uint8Array, size = 10_007): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield Buffer.from(bytes.subarray(at, at + size))
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of source) all.push(piece)
  return Buffer.concat(all)
}

const seal = (plain: Uint8Array, sealFor: SealFor) => gather(sealAge(sealFor)(pieces(plain)))
const open = (sealed: Uint8Array, openWith: OpenWith, size?: number) =>
  gather(openAge(openWith)(pieces(sealed, size)))
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'opened',
    (error) => error.code as string,
  )

const identity = await generateX25519Identity()
const recipient = await identityToRecipient(identity)
const someBytes = (length: number) => Buffer.from(Array.from({ length }, (_, at) => (at * 131) % 251))

const SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES, 200_000]

describe('the age layer', () => {
  test.each(SIZES)('what it seals, %d bytes, the library opens', async (size) => {
    const decrypter = new Decrypter()
    decrypter.addIdentity(identity)
    const sealed = await seal(someBytes(size), { recipients: [recipient] })
    expect(Buffer.from(await decrypter.decrypt(sealed)).equals(someBytes(size))).toBe(true)
  })

  test.each(SIZES)('what the library seals, %d bytes, it opens', async (size) => {
    const encrypter = new Encrypter()
    encrypter.addRecipient(recipient)
    const sealed = await encrypter.encrypt(someBytes(size))
    expect((await open(sealed, { identities: [identity] })).equals(someBytes(size))).toBe(true)
  })

  test('each of several recipients opens it', async () => {
    const other = await generateX25519Identity()
    const sealed = await seal(someBytes(100), { recipients: [recipient, await identityToRecipient(other)] })
    expect(await codeOf(open(sealed, { identities: [identity] }))).toBe('opened')
    expect(await codeOf(open(sealed, { identities: [other] }))).toBe('opened')
  })

  test('a passphrase seals and opens as the library does it', async () => {
    const passphrase = 'correct horse battery staple'
    const sealed = await seal(someBytes(70_000), { passphrase, workFactor: 10 })
    const decrypter = new Decrypter()
    decrypter.addPassphrase(passphrase)
    expect(Buffer.from(await decrypter.decrypt(sealed)).equals(someBytes(70_000))).toBe(true)
    const encrypter = new Encrypter()
    encrypter.setPassphrase(passphrase)
    encrypter.setScryptWorkFactor(10)
    const theirs = await encrypter.encrypt(someBytes(70_000))
    expect((await open(theirs, { passphrase })).equals(someBytes(70_000))).toBe(true)
  })

  test('pieces of any size come to the same', async () => {
    const sealed = await seal(someBytes(150_000), { recipients: [recipient] })
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 700, max: 200_000 }), async (size) =>
        (await open(sealed, { identities: [identity] }, size)).equals(someBytes(150_000)),
      ),
      { numRuns: 20 },
    )
  })

  test('byte by byte comes to the same', async () => {
    const sealed = await seal(someBytes(500), { recipients: [recipient] })
    expect((await open(sealed, { identities: [identity] }, 1)).equals(someBytes(500))).toBe(true)
  })
})

describe('what does not open', () => {
  const sealed = seal(someBytes(3 * CHUNK_BYTES), { recipients: [recipient] })
  const byPassphrase = seal(someBytes(10), { passphrase: 'one of twelve', workFactor: 10 })

  test('another identity, no passphrase and a wrong passphrase are told as such', async () => {
    const other = { identities: [await generateX25519Identity()] }
    expect(await codeOf(open(await sealed, other))).toBe('archive-wrong-key')
    expect(await codeOf(open(await byPassphrase, { identities: [identity] }))).toBe('archive-wrong-key')
    expect(await codeOf(open(await byPassphrase, { passphrase: 'another one' }))).toBe('archive-wrong-key')
  })

  test('a file that is no age file is foreign, an empty one is cut off', async () => {
    expect(await codeOf(open(Buffer.from('PK\x03\x04'), {}))).toBe('archive-foreign')
    expect(await codeOf(open(Buffer.alloc(300_000), {}))).toBe('archive-foreign')
    expect(await codeOf(open(Buffer.alloc(0), {}))).toBe('archive-truncated')
  })

  test('a header without an end is refused before it fills the memory', async () => {
    const endless = Buffer.concat([Buffer.from('age-encryption.org/v1\n'), Buffer.alloc(200_000, 'A')])
    expect(await codeOf(open(endless, {}))).toBe('archive-damaged')
  })

  test('a work factor that would take all memory is refused', async () => {
    const text = (await byPassphrase).toString('latin1').replace(/^(-> scrypt \S+) 10$/m, '$1 40')
    expect(await codeOf(open(Buffer.from(text, 'latin1'), { passphrase: 'one of twelve' }))).toBe(
      'archive-damaged',
    )
  })

  test('a cut at any chunk border is seen', async () => {
    const whole = await sealed
    for (let cut = whole.length - 16; cut > 200; cut -= CHUNK_BYTES + 16)
      expect(await codeOf(open(whole.subarray(0, cut), { identities: [identity] }))).toBe('archive-truncated')
  })

  test('chunks cannot change places, be left out or be added', async () => {
    const whole = await sealed
    const chunk = CHUNK_BYTES + 16
    const start = whole.length - 3 * chunk
    const at = (index: number) => whole.subarray(start + index * chunk, start + (index + 1) * chunk)
    const head = whole.subarray(0, start)
    const rearranged = [
      [at(1), at(0), at(2)],
      [at(0), at(2)],
      [at(0), at(1), at(2), at(2)],
      [at(0), at(1), at(2), Buffer.alloc(1)],
    ]
    for (const chunks of rearranged)
      expect(await codeOf(open(Buffer.concat([head, ...chunks]), { identities: [identity] }))).toMatch(
        /archive-(damaged|truncated)/,
      )
  })

  test('any flipped bit anywhere is seen', async () => {
    const whole = await seal(someBytes(300), { recipients: [recipient] })
    for (let at = 0; at < whole.length; at++) {
      const flipped = Buffer.from(whole)
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
      expect(await codeOf(open(flipped, { identities: [identity] })), `byte ${at}`).toMatch(/^archive-/)
    }
  })

  test('inside a pipeline the failure of the source is what comes out', async () => {
    const broken = async function* () {
      yield Buffer.from('age-')
      throw new Error('disk on fire')
    }
    const drain = async (source: AsyncIterable<Buffer>) => void (await gather(source))
    await expect(pipeline(broken(), openAge({}), drain)).rejects.toThrow('disk on fire')
  })
})

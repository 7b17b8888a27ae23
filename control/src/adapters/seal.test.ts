import { mkdtemp, readdir, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSeal, sealWith } from './seal.ts'

const key = (byte: number) => Buffer.alloc(32, byte)

describe('sealWith', () => {
  const seal = sealWith(key(1))

  test('opens what it sealed, and never seals alike twice', () => {
    const [a, b] = [seal.seal('p', 'grüße'), seal.seal('p', 'grüße')]
    expect(seal.open('p', a)).toBe('grüße')
    expect(a).not.toBe(b)
    expect(a).not.toContain('grüße')
  })

  test('does not open for another purpose', () => {
    expect(() => seal.open('project:b', seal.seal('project:a', 'x'))).toThrow()
  })

  test('names the key that is missing', () => {
    expect(() => sealWith(key(2)).open('p', seal.seal('p', 'x'))).toThrow(/under the master key [0-9a-f]{8}/)
  })

  test('refuses whatever was changed, byte by byte', () => {
    const sealed = seal.seal('p', 'x')
    const bytes = Buffer.from(sealed.split('.')[2] ?? '', 'base64url')
    const head = sealed.slice(0, sealed.lastIndexOf('.') + 1)
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(() => seal.open('p', head + changed.toString('base64url'))).toThrow()
    }
  })
})

test('a password follows from the key and its purpose, and tells of neither', () => {
  const seal = sealWith(Buffer.alloc(32, 7))
  expect(seal.passwordFor('a')).toBe(sealWith(Buffer.alloc(32, 7)).passwordFor('a'))
  const others = [seal.passwordFor('b'), sealWith(Buffer.alloc(32, 8)).passwordFor('a')]
  expect(others).not.toContain(seal.passwordFor('a'))
  expect(seal.passwordFor('a')).toMatch(/^[\w-]{43}$/)
})

describe('openSeal', () => {
  let directory: string
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'cascata-seal-'))
  })
  afterAll(() => rm(directory, { recursive: true }))

  test('of many first starts at once one key wins, readable by its owner alone', async () => {
    const file = join(directory, 'control', 'master.key')
    const seals = await Promise.all(Array.from({ length: 10 }, () => openSeal(file)))
    const sealed = seals[0]?.seal('p', 'x') ?? ''
    expect(seals.map((seal) => seal.open('p', sealed))).toEqual(Array.from({ length: 10 }, () => 'x'))
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    expect(await readdir(join(directory, 'control'))).toEqual(['master.key'])
  })
})

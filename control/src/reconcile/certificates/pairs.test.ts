import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { chmod, chown, readdir, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { keyPurpose } from '../../acme/file.ts'
import { type JudgedPair, type Pair, PAIR_FAULTS } from '../../acme/pair.ts'
import { type Files, nodeFiles } from '../../adapters/files.ts'
import { sealWith } from '../../adapters/seal.ts'
import { pathsOf } from '../../paths.ts'
import type { CertificateRow } from '../../store/tables/certificates.ts'
import { directEffects } from '../effects.ts'
import { mendCertificates } from './mend.ts'
import { type CertificatePairs, certificatePairs } from './pairs.ts'

const FILE = 'shop.test.aaaaaaaa'
const seal = sealWith(Buffer.alloc(32, 7))
const clock = { now: () => nowMs }
let nowMs = 1_000_000
let reads = 0
/** Counts what is read. */
const files: Files = {
  ...nodeFiles,
  look(path, bytesMax) {
    reads += 1
    return nodeFiles.look(path, bytesMax)
  },
}

let home = ''
let row: CertificateRow
let warned: [Record<string, unknown>, string][]
let pairs: CertificatePairs
/** As a control that starts does: it knows nothing of what the one before did. */
let startAnew: () => void

/** A certificate of ours is `crt of NAME`, its key `key of NAME`. */
function judge({ certificate, key }: Pair): JudgedPair {
  const [name, of] = [/^crt of (\S+) ?$/.exec(certificate)?.[1], /^key of (\S+)$/.exec(key)?.[1]]
  if (name === undefined) return { fault: 'certificate-unreadable' }
  return name === of ? { fault: null, names: [name] } : { fault: 'mismatched' }
}

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cascata-pairs-'))
  const paths = pathsOf(home)
  mkdirSync(paths.edgeCertificates, { recursive: true })
  warned = []
  const log = { warn: (fields: object, message: string) => void warned.push([{ ...fields }, message]) }
  startAnew = () => {
    pairs = certificatePairs({ files, paths, seal, judge, log, clock })
  }
  startAnew()
  row = {
    ...{ name: 'shop.test', source: 'acme', ref: 'shop', names: ['shop.test'], file: FILE, trusted: true },
    ...{ chain: 'crt of shop.test', key: seal.seal(keyPurpose('shop.test'), 'key of shop.test') },
    ...{ issuer: '', serial: '', ariId: null, renewAt: null, windowStart: null, windowEnd: null },
    ...{ windowCheckAt: null, notBefore: new Date(0), notAfter: new Date(2_000_000) },
    createdAt: new Date(0),
  }
})
afterEach(() => rmSync(home, { recursive: true }))

const at = (ending: 'crt' | 'key', file = FILE) => join(pathsOf(home).edgeCertificates, `${file}.${ending}`)
const faultNow = async () => pairs.check([row], await pairs.look())[0]
const mend = () =>
  mendCertificates({
    store: { certificates: { list: async () => [row] } },
    ...{ pairs, effects: directEffects(() => {}) },
  })

const DAMAGES: [string, keyof typeof PAIR_FAULTS, () => unknown][] = [
  ['cut', 'certificate-unreadable', () => truncate(at('crt'), 3)],
  ['emptied', 'mismatched', () => truncate(at('key'), 0)],
  ['removed, both', 'missing', () => Promise.all([rm(at('crt')), rm(at('key'))])],
  ['removed, the certificate', 'certificate-missing', () => rm(at('crt'))],
  ['removed, the key', 'key-missing', () => rm(at('key'))],
  ['shut', 'shut', () => chmod(at('key'), 0o600)],
  ['given away', 'shut', () => chown(at('crt'), 0, 0)],
  [
    'swapped for another’s that is whole',
    'foreign',
    () => Promise.all([writeFile(at('crt'), 'crt of thief.test'), writeFile(at('key'), 'key of thief.test')]),
  ],
  [
    'made a folder',
    'no-file',
    async () => {
      await rm(at('crt'))
      mkdirSync(at('crt'))
    },
  ],
  [
    'made a link',
    'no-file',
    async () => {
      await rm(at('key'))
      symlinkSync('/etc/hostname', at('key'))
    },
  ],
]

describe('files that were', () => {
  test.each(DAMAGES)('%s are found, told of once, and written anew', async (_how, fault, damage) => {
    await pairs.write(row)
    expect(await faultNow()).toEqual({ row, fault: null, isKept: true })
    await damage()
    expect(await faultNow()).toEqual({ row, fault, isKept: true })
    const { applied, failed, checked } = await mend()
    expect([applied, failed]).toEqual([['shop.certificate.write'], []])
    expect(checked).toEqual([{ row, fault: null, isKept: true }])
    expect([await readFile(at('crt'), 'utf8'), await readFile(at('key'), 'utf8')]).toEqual([
      ...['crt of shop.test', 'key of shop.test'],
    ])
    const of = { certificate: 'shop.test', project: 'shop', file: FILE, fault: PAIR_FAULTS[fault] }
    expect(warned).toEqual([[of, 'certificate damaged: it is written anew']])
    // Where nothing was, nginx has read nothing else.
    expect(await pairs.unread()).toBe(fault === 'missing' ? 0 : 1)
    expect((await mend()).applied).toEqual([])
  })

  test('damaged while what is kept is damaged, too, stay as they are, and are told of once', async () => {
    await pairs.write(row)
    row = { ...row, key: 'v1.00000000.none' }
    // The files are whole: nobody needs what is kept.
    expect(await faultNow()).toEqual({ row, fault: null, isKept: true })
    await truncate(at('crt'), 3)
    for (let looks = 0; looks < 3; looks += 1) {
      expect((await mend()).applied).toEqual([])
      expect(await faultNow()).toEqual({ row, fault: 'certificate-unreadable', isKept: false })
    }
    expect(warned.map(([, message]) => message)).toEqual(['certificate lost: it is not served'])
    expect(JSON.stringify(warned)).not.toContain('key of')
  })

  test('refused by nginx are not offered again, and are nothing to write anew', async () => {
    await pairs.write(row)
    await pairs.refuse(FILE)
    expect(await faultNow()).toEqual({ row, fault: 'refused', isKept: false })
    await pairs.refuse('nothing.test.aaaaaaaa')
    // Stored once more, it is offered once more.
    nowMs += 1_000
    row = { ...row, createdAt: new Date(nowMs) }
    const { checked } = await mend()
    expect(checked).toEqual([{ row, fault: null, isKept: true }])
    expect(await pairs.unread()).toBe(0)
    nowMs += 1_000
    await pairs.refuse(FILE)
    expect(await faultNow()).toEqual({ row, fault: 'refused', isKept: false })
  })

  test('refused by nginx are refused for all names that have the same, and offered again for all', async () => {
    const www: CertificateRow = {
      ...{ ...row, name: 'www.shop.test', file: 'www.shop.test.aaaaaaaa' },
      key: seal.seal(keyPurpose('www.shop.test'), 'key of shop.test'),
    }
    const faults = async () => pairs.check([row, www], await pairs.look()).map(({ fault }) => fault)
    await pairs.write(row)
    await pairs.write(www)
    expect(await faults()).toEqual([null, null])
    await pairs.refuse(FILE)
    expect(await faults()).toEqual(['refused', 'refused'])
    nowMs += 1_000
    row = { ...row, createdAt: new Date(nowMs) }
    await faults()
    expect(await faults()).toEqual([null, null])
  })

  test('left alone are not read again, but now and then', async () => {
    await pairs.write(row)
    await pairs.look()
    reads = 0
    for (let looks = 0; looks < 5; looks += 1) expect(await faultNow()).toMatchObject({ fault: null })
    expect(reads).toBe(0)
    // As long as before and at the same time as before, as a copy of a copy may be: it is another file all the same.
    const { atime, mtime } = await stat(at('key'))
    await writeFile(at('key'), 'key of shop.tesT')
    await utimes(at('key'), atime, mtime)
    expect(await faultNow()).toMatchObject({ fault: 'mismatched' })
    await pairs.write(row)
    await pairs.look()
    reads = 0
    nowMs += 600_000
    await pairs.look()
    expect(reads).toBe(2)
  })

  test('found damaged by two at once are written by one after the other', async () => {
    await Promise.all(Array.from({ length: 5 }, () => pairs.write(row)))
    expect((await readdir(pathsOf(home).edgeCertificates)).toSorted()).toEqual([`${FILE}.crt`, `${FILE}.key`])
    await truncate(at('crt'), 3)
    await Promise.all(Array.from({ length: 5 }, () => pairs.write(row)))
    expect(await pairs.unread()).toBe(1)
  })

  test('written over are to be read by nginx, whoever is in control, until it has', async () => {
    await pairs.write(row)
    await truncate(at('crt'), 3)
    await pairs.write(row)
    startAnew()
    const first = await pairs.unread()
    expect(first).toBeGreaterThan(0)
    // Written over once more while nginx reads.
    await truncate(at('crt'), 3)
    await pairs.write(row)
    await pairs.read(first)
    startAnew()
    const second = await pairs.unread()
    expect(second).toBeGreaterThan(0)
    await pairs.read(second)
    expect(await pairs.unread()).toBe(0)
    startAnew()
    expect(await pairs.unread()).toBe(0)
  })

  test('of placeholders are to be read as well, when they were there before', async () => {
    await pairs.place('localhost', { certificate: 'crt', key: 'key' })
    expect(await pairs.unread()).toBe(0)
    await pairs.place('localhost', { certificate: 'crt of another', key: 'key' })
    startAnew()
    expect(await pairs.unread()).toBe(1)
  })

  test('that cannot be written over owe nginx nothing less', async () => {
    await pairs.write(row)
    await rm(at('crt'))
    mkdirSync(`${at('crt')}.tmp`)
    await expect(pairs.write(row)).rejects.toThrow()
    expect(await pairs.unread()).toBe(1)
  })

  test('looked at while they are written are seen as they are before or after', async () => {
    const key = seal.seal(keyPurpose('shop.test'), 'key of new.test')
    await pairs.write(row)
    const writing = pairs.write({ ...row, chain: 'crt of new.test', key })
    expect((await pairs.look()).get(FILE)).toMatchObject({ fault: null, certificate: 'crt of new.test' })
    await writing
  })

  test('given to two rows are one’s, and the other leaves them alone', async () => {
    const other: CertificateRow = { ...row, source: 'upload', chain: 'crt of shop.test ' }
    await pairs.write(row)
    const found = pairs.check([other, row], await pairs.look())
    expect(found.map(({ fault, isKept }) => [fault, isKept])).toEqual([
      ['foreign', false],
      [null, true],
    ])
  })
})

test('a certificate that was just stored has no files yet: nothing is told of that', async () => {
  row = { ...row, createdAt: new Date(clock.now() - 1_000) }
  expect(await faultNow()).toEqual({ row, fault: 'missing', isKept: true })
  expect(warned).toEqual([])
})

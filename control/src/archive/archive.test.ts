/** The archive as a file, without a database: what is written is read, and nothing else is. */
import { execFileSync } from 'node:child_process'
import { createHash, generateKeyPairSync } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { zstdCompressSync } from 'node:zlib'
import { PART_BYTES, partName } from '@cascata/shared/caf/format'
import type { Manifest } from '@cascata/shared/caf/manifest'
import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'
import { generateX25519Identity, identityToRecipient } from 'age-encryption'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sealAge } from './age/age.ts'
import { readArchive } from './reader.ts'
import { signDigests, signerFromPem } from './signing.ts'
import { type TarEntry, tarOf } from './tar.ts'
import { verifyArchive, verifyStream } from './verify.ts'
import { jsonEntry, writeArchive } from './writer.ts'
import { zstdFrames } from './zstd.ts'

const newSigner = () =>
  signerFromPem(generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())
const signer = newSigner()
const identity = await generateX25519Identity()
const sealFor = { recipients: [await identityToRecipient(identity)] }
const createdAt = new Date('2026-01-02T03:04:05Z')

const manifest: Manifest = {
  format: 'cascata-caf',
  version: 1,
  created_at: createdAt.toISOString(),
  cascata: '0.1.0',
  instance: 'cascata',
  project: { id: 'a', ref: 'shop', name: 'Shop', template: 'empty' },
  postgres: { version: 'PostgreSQL 17', version_num: 170000 },
  database: {
    owner: 'postgres',
    encoding: 'UTF8',
    localeProvider: 'builtin',
    collate: 'C.UTF-8',
    ctype: 'C.UTF-8',
    locale: 'C.UTF-8',
    icuRules: null,
    connectionLimit: -1,
    comment: null,
    acl: null,
  },
  extensions: [],
  tables: [{ schema: 'public', name: 'album', rows: 3 }],
  roles: [],
  settings: { databases: 0, roles: 0 },
  keys: 'included',
}
const project = {
  name: 'Shop',
  template: 'empty',
  limits: ProjectLimits.parse({}),
  settings: ProjectSettings.parse({}),
}
const keys = { jwt_secret: 's'.repeat(40), anon_key: 'a', service_role_key: 'b' }
const noise = (bytes: number) => Buffer.concat(Array.from({ length: bytes / 32 }, (_, at) => sha(String(at))))
const sha = (text: string | Buffer) => createHash('sha256').update(text).digest()

const part = (index: number, content: Buffer): TarEntry => ({ name: partName(index), content: [content] })
const HEAD = [
  jsonEntry('manifest.json', manifest),
  jsonEntry('roles.json', { custom: [], memberships: [], settings: [] }),
]
const TAIL = [jsonEntry('project.json', project), jsonEntry('keys.json', keys)]
const DUMP = noise(16_384)
const ENTRIES = [...HEAD, part(0, DUMP), ...TAIL]

async function* each<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items
}

/** The two last entries, true to those before them unless `change` says otherwise. */
function sealed(
  entries: readonly TarEntry[],
  change: { digests?: TarEntry[]; by?: typeof signer } = {},
): TarEntry[] {
  const listed = (change.digests ?? entries).map(({ name, content }) => {
    const all = Buffer.concat(content)
    return { name, bytes: all.length, sha256: sha(all).toString('hex') }
  })
  const digests = jsonEntry('digests.json', { format: 'cascata-caf/1', entries: listed })
  const signature = signDigests(change.by ?? signer, Buffer.concat(digests.content))
  return [...entries, digests, jsonEntry('signature.json', signature)]
}

/** What an attacker can make, who knows the public key and the format and nothing else. */
async function forged(entries: readonly TarEntry[], pack?: (tar: Buffer) => Buffer) {
  const tar: Buffer[] = []
  for await (const piece of tarOf(each(entries), createdAt)) tar.push(piece)
  const file: Buffer[] = []
  const packed = pack ? each([pack(Buffer.concat(tar))]) : zstdFrames(2)(each(tar))
  for await (const piece of sealAge(sealFor)(packed)) file.push(piece)
  return Buffer.concat(file)
}

const read = (file: Buffer) => verifyStream(each([file]), { identities: [identity] })
const codeOf = (work: Promise<unknown>) =>
  work.then(
    () => 'opened',
    (error) => error.code as string,
  )

let folder: string
let path: string
let file: Buffer
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cascata-caf-'))
  path = join(folder, 'shop.caf')
  await writeArchive({ path, sealFor, signer, createdAt }, each(ENTRIES))
  file = await readFile(path)
})
afterAll(() => rm(folder, { recursive: true }))

describe('writing and reading', () => {
  test('what was written is read, part by part', async () => {
    const pieces: Buffer[] = []
    const contents = await readArchive({
      source: Readable.from([file], { objectMode: false }),
      openWith: { identities: [identity] },
      onDatabase: (piece) => void pieces.push(piece),
    })
    expect(contents).toMatchObject({ manifest, project, keys, signedBy: signer.fingerprint, entries: 7 })
    expect(Buffer.concat(pieces).equals(DUMP)).toBe(true)
  })

  test('the summary names what a person asks for, and the file is the one that was written', async () => {
    const written = await writeArchive(
      { path: join(folder, 'again.caf'), sealFor, signer, createdAt },
      each(ENTRIES),
    )
    const summary = await verifyArchive({ path: join(folder, 'again.caf'), identities: [identity] })
    expect(summary).toMatchObject({ ...written, tables: 1, rows: 3, database_bytes: DUMP.length })
  })

  test('a dump of many parts, each of them full, comes through with little memory', async () => {
    const parts = 12
    const big = Buffer.alloc(PART_BYTES, 'abcdefgh\n')
    const entries = [...HEAD, ...Array.from({ length: parts }, (_, at) => part(at, big)), ...TAIL]
    const target = join(folder, 'big.caf')
    await writeArchive({ path: target, sealFor, signer, createdAt }, each(entries))
    const summary = await verifyArchive({ path: target, identities: [identity] })
    expect(summary.database_bytes).toBe(parts * PART_BYTES)
  })

  test('a writer that fails leaves no file', async () => {
    const broken = async function* () {
      yield* HEAD
      throw new Error('the dump broke off')
    }
    const target = join(folder, 'broken.caf')
    await expect(writeArchive({ path: target, sealFor, signer, createdAt }, broken())).rejects.toThrow(
      'broke off',
    )
    expect([existsSync(target), existsSync(`${target}.partial`)]).toEqual([false, false])
  })

  test('a writer that forgets an entry is refused', async () => {
    const target = join(folder, 'short.caf')
    const writing = writeArchive({ path: target, sealFor, signer, createdAt }, each([...HEAD, part(0, DUMP)]))
    await expect(writing).rejects.toThrow()
    expect(existsSync(target)).toBe(false)
  })

  test('reading stops where its reader gives up, with that reason', async () => {
    const reading = readArchive({
      source: Readable.from([file], { objectMode: false }),
      openWith: { identities: [identity] },
      onDatabase: () => Promise.reject(new Error('the disk is full')),
    })
    await expect(reading).rejects.toThrow('the disk is full')
  })

  test('what is packed again by hand is the same archive', async () => {
    const tar = async (...argv: string[]) => execFileSync('tar', argv, { cwd: folder })
    const entries = sealed(ENTRIES)
    const packed: Buffer[] = []
    for await (const piece of tarOf(each(entries), createdAt)) packed.push(piece)
    await tar('--version')
    execFileSync('tar', ['-xf', '-', '-C', folder], { input: Buffer.concat(packed) })
    const names = entries.map(({ name }) => name)
    const again = execFileSync('tar', ['-c', '--format=ustar', '-f', '-', ...names], { cwd: folder })
    expect(again.length).toBeGreaterThan(Buffer.concat(packed).length)
    expect(await codeOf(read(await forged([], () => zstdCompressSync(again))))).toBe('opened')
  })
})

describe('damage', () => {
  test('1,000 flipped bytes, anywhere, are each refused', { timeout: 60_000 }, async () => {
    const codes = new Map<string, number>()
    for (let run = 0; run < 1000; run++) {
      const at = sha(`place ${run}`).readUInt32BE() % file.length
      const flipped = Buffer.from(file)
      flipped[at] = (flipped[at] ?? 0) ^ (1 + ((sha(`mask ${run}`)[0] ?? 0) % 255))
      const code = await codeOf(read(flipped))
      codes.set(code, (codes.get(code) ?? 0) + 1)
    }
    const known = ['archive-damaged', 'archive-truncated', 'archive-foreign', 'archive-wrong-key']
    expect([...codes.keys()].filter((code) => !known.includes(code))).toEqual([])
  })

  test('cut off at 300 places and at its first and last bytes, it is refused', {
    timeout: 60_000,
  }, async () => {
    const places = Array.from({ length: 300 }, (_, run) => sha(`cut ${run}`).readUInt32BE() % file.length)
    for (const at of [...places, 0, 1, 10, 22, file.length - 1, file.length - 16, file.length - 17])
      expect(await codeOf(read(file.subarray(0, at))), `cut at ${at}`).toBe('archive-truncated')
  })

  test('bytes behind its end are refused', async () => {
    expect(await codeOf(read(Buffer.concat([file, Buffer.alloc(1)])))).toMatch(/archive-(damaged|truncated)/)
  })
})

describe('forgery by somebody who knows the public key', () => {
  const swapped = (at: number, entry: TarEntry) => ENTRIES.map((one, index) => (index === at ? entry : one))

  test('the forger can make what we make: the tests below fail for their own reason', async () => {
    expect(await codeOf(read(await forged(sealed(ENTRIES))))).toBe('opened')
  })

  test('another instance may sign, and the summary says who did', async () => {
    const other = newSigner()
    expect((await read(await forged(sealed(ENTRIES, { by: other })))).signed_by).toBe(other.fingerprint)
  })

  test.each<[string, string, () => TarEntry[]]>([
    [
      'entries other than the digests say',
      'archive-damaged',
      () => [...swapped(2, part(0, noise(1024))), ...sealed(ENTRIES).slice(-2)],
    ],
    [
      'a signature of something else',
      'archive-damaged',
      () => [...sealed(ENTRIES).slice(0, -1), ...sealed([...HEAD, ...TAIL]).slice(-1)],
    ],
    [
      'a fingerprint of somebody else',
      'archive-damaged',
      () => {
        const signature = JSON.parse(String(sealed(ENTRIES).at(-1)?.content[0]))
        const lie = { ...signature, fingerprint: newSigner().fingerprint }
        return [...sealed(ENTRIES).slice(0, -1), jsonEntry('signature.json', lie)]
      },
    ],
    ['no signature', 'archive-damaged', () => sealed(ENTRIES).slice(0, -1)],
    ['an entry twice', 'archive-damaged', () => sealed([...ENTRIES, ...TAIL.slice(1)])],
    [
      'entries in another order',
      'archive-damaged',
      () => sealed([...ENTRIES.slice(0, 3), ...TAIL.toReversed()]),
    ],
    ['a missing part', 'archive-damaged', () => sealed([...HEAD, part(1, DUMP), ...TAIL])],
    [
      'a name that leads outside',
      'archive-damaged',
      () => sealed([...HEAD, { name: 'database/../../x', content: [] }, ...TAIL]),
    ],
    ['no manifest', 'archive-foreign', () => sealed(ENTRIES.slice(1))],
    [
      'a manifest of something else',
      'archive-foreign',
      () => sealed(swapped(0, jsonEntry('manifest.json', { format: 'zip' }))),
    ],
    [
      'a manifest without tables',
      'archive-damaged',
      () => sealed(swapped(0, jsonEntry('manifest.json', { ...manifest, tables: undefined }))),
    ],
    [
      'a newer format',
      'archive-newer',
      () => sealed(swapped(0, jsonEntry('manifest.json', { ...manifest, version: 2, tables: undefined }))),
    ],
    [
      'objects, which a later release writes',
      'archive-newer',
      () => sealed([...ENTRIES.slice(0, 3), { name: 'storage/a/b', content: [] }, ...TAIL]),
    ],
    [
      'a part longer than a part',
      'archive-too-large',
      () => sealed([...HEAD, part(0, Buffer.alloc(PART_BYTES + 1)), ...TAIL]),
    ],
  ])('%s: %s', async (_what, code, entries) => {
    expect(await codeOf(read(await forged(entries())))).toBe(code)
  })

  test('what is no zstd inside is foreign, a second frame of rubbish is damage', async () => {
    expect(await codeOf(read(await forged([], () => Buffer.from('plain text'))))).toBe('archive-foreign')
    expect(await codeOf(read(await forged([], () => zstdCompressSync(Buffer.from('plain text')))))).toBe(
      'archive-foreign',
    )
    const tailed = (tar: Buffer) => Buffer.concat([zstdCompressSync(tar), Buffer.from('rubbish')])
    expect(await codeOf(read(await forged(sealed(ENTRIES), tailed)))).toBe('archive-damaged')
  })

  test('a bomb is refused before it has unpacked', async () => {
    const bomb = await forged([...HEAD, part(0, Buffer.alloc(PART_BYTES)), part(1, Buffer.alloc(PART_BYTES))])
    const reading = readArchive({
      source: Readable.from([bomb], { objectMode: false }),
      openWith: { identities: [identity] },
      plainBytesMax: PART_BYTES,
    })
    expect(await codeOf(reading)).toBe('archive-too-large')
  })
})

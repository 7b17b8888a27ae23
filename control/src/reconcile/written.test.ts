import { mkdtempSync, rmSync } from 'node:fs'
import { chmod, chown, mkdir, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { nodeFiles } from '../adapters/files.ts'
import { areWhole, saidIn } from './written.ts'

const READER = 994
const texts = { 'users.txt': 'one', 'tls.key': 'two' }
let folder = ''
const at = () => join(folder, 'tls.key')

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'cascata-written-'))
  for (const [name, text] of Object.entries(texts))
    await nodeFiles.write(join(folder, name), text, { uid: 0, gid: READER, mode: 0o640 })
})
afterEach(() => rmSync(folder, { recursive: true }))

const isWhole = () => areWhole(nodeFiles, { folder, texts, reader: READER })

test('files as they were written are whole, whoever owns them, as long as they can be read', async () => {
  expect(await isWhole()).toBe(true)
  await chown(at(), READER, 0)
  expect(await isWhole()).toBe(true)
  await chown(at(), 0, 0)
  await chmod(at(), 0o644)
  expect(await isWhole()).toBe(true)
})

describe('they are not with one', () => {
  test.each<[string, () => Promise<unknown>]>([
    ['that was cut', () => truncate(at(), 1)],
    ['that says something else', () => writeFile(at(), 'owt')],
    ['that is gone', () => rm(at())],
    ['that is shut', () => chmod(at(), 0o600)],
    ['that was given away', () => chown(at(), 0, 0)],
    ['in whose place is a folder', () => rm(at()).then(() => mkdir(at()))],
  ])('%s', async (_how, damage) => {
    await damage()
    expect(await isWhole()).toBe(false)
  })
})

describe('a manifest says', () => {
  const Manifest = z.object({ digest: z.string() })
  test.each<[string, string | null, { digest: string } | null]>([
    ['what was written', '{"digest":"a"}', { digest: 'a' }],
    ['nothing when it is not there', null, null],
    ['nothing when it was cut', '{"dig', null],
    ['nothing when it was emptied', '', null],
    ['nothing when it is something else', '{"digest":1}', null],
  ])('%s', (_sentence, text, expected) => {
    expect(saidIn(Manifest, text)).toEqual(expected)
  })
})

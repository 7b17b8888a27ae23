import { mkdir, mkdtemp, open, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { diskUsage } from './disk-usage.ts'

const KiB = 1024
let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cascata-disk-'))
})
afterEach(() => rm(folder, { recursive: true }))

const fill = (path: string, kib: number) => writeFile(join(folder, path), Buffer.alloc(kib * KiB, 1))

test('counts the files at every depth, and not what is left out', async () => {
  await mkdir(join(folder, 'a/b'), { recursive: true })
  await mkdir(join(folder, 'a/wal'))
  await fill('one', 64)
  await fill('a/two', 128)
  await fill('a/b/three', 256)
  await fill('a/wal/four', 512)
  expect(await diskUsage.usedBytes(folder, (path) => path === join(folder, 'a/wal'))).toBe(448 * KiB)
  expect(await diskUsage.usedBytes(folder)).toBe(960 * KiB)
})

test('counts what a sparse file holds, and no link', async () => {
  await fill('real', 64)
  const sparse = await open(join(folder, 'sparse'), 'w')
  await sparse.truncate(1024 * 1024 * KiB)
  await sparse.close()
  await symlink(join(folder, 'real'), join(folder, 'link'))
  expect(await diskUsage.usedBytes(folder)).toBe(64 * KiB)
})

test('takes a folder that is not there for an empty one', async () => {
  expect(await diskUsage.usedBytes(join(folder, 'absent'))).toBe(0)
})

test('knows how much is free', async () => {
  expect(await diskUsage.freeBytes(folder)).toBeGreaterThan(0)
})

import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { snapshots } from './snapshots.ts'

let home: string
let files: string
let place: string
const going = new AbortController().signal

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'cascata-snapshots-'))
  ;[files, place] = [join(home, 'db'), join(home, 'undo-1')]
  await mkdir(join(files, 'data/base'), { recursive: true })
  await writeFile(join(files, 'data/base/1'), 'rows')
  await chmod(join(files, 'data/base/1'), 0o600)
  await symlink('base/1', join(files, 'data/link'))
})
afterEach(() => rm(home, { recursive: true }))

const rows = (at = files) => readFile(join(at, 'data/base/1'), 'utf8')
const taken = async () => {
  await snapshots.copy(files, place, going)
  await snapshots.commit(place, 'before')
}

describe('a snapshot', () => {
  test('is no snapshot before it is committed, and a second copy begins anew', async () => {
    expect(await snapshots.find(place)).toBe('none')
    await snapshots.copy(files, place, going)
    expect(await snapshots.find(place)).toBe('partial')
    await writeFile(join(`${place}.partial`, 'db/stray'), '')
    await taken()
    expect(await snapshots.find(place)).toBe('whole')
    expect(await snapshots.before(place)).toBe('before')
    expect(await readdir(join(place, 'db'))).toEqual(['data'])
  })

  test('keeps modes and links, and does not follow what is written afterwards', async () => {
    await taken()
    await writeFile(join(files, 'data/base/1'), 'more')
    expect(await rows(join(place, 'db'))).toBe('rows')
    expect((await lstat(join(place, 'db/data/base/1'))).mode & 0o777).toBe(0o600)
    expect((await lstat(join(place, 'db/data/link'))).isSymbolicLink()).toBe(true)
  })

  test('goes back in two renames, each of which may be the last before a kill', async () => {
    await taken()
    await writeFile(join(files, 'data/base/1'), 'more')
    await snapshots.setAside(files, place)
    expect(await snapshots.find(place)).toBe('whole')
    await snapshots.setAside(files, place)
    await snapshots.putBack(files, place)
    expect([await snapshots.find(place), await rows()]).toEqual(['spent', 'rows'])
    await snapshots.remove(place)
    expect(await readdir(home)).toEqual(['db'])
  })

  test('half removed, it is no whole one', async () => {
    await taken()
    await rename(place, `${place}.partial`)
    expect(await snapshots.find(place)).toBe('partial')
    await snapshots.remove(place)
    expect(await readdir(home)).toEqual(['db'])
  })

  test('a copy that is cut off says so', async () => {
    const gone = AbortSignal.abort()
    await expect(snapshots.copy(files, place, gone)).rejects.toThrow(/abort/i)
    expect(await snapshots.find(place)).toBe('partial')
  })
})

test('room is asked for before anything is stopped', async () => {
  await expect(snapshots.assertRoom(files, place, 1)).resolves.toBeUndefined()
  await expect(snapshots.assertRoom(files, place, 2 ** 60)).rejects.toMatchObject({ code: 'disk-full' })
  expect(await readdir(home)).toEqual(['db'])
})

/**
 * A copy of a database's files, kept beside them for as long as an upgrade may have to be undone. It is there whole
 * or not at all: written under another name, synced, renamed; and renamed back before it is removed.
 *
 * The place holds `db` (the copy), `before.json` (what was known when it was taken) and, once it was put back, `after`
 * (what it replaced). A server on the files while they are copied or exchanged is the caller's to rule out.
 */
import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { copyFile, lstat, mkdir, open, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { DiskFull } from '@cascata/shared/problems/backups'

const run = promisify(execFile)

const MiB = 1024 * 1024
/** Stays free beside the copy: the new release writes, too. */
const RESERVE_BYTES = 512 * MiB

/** `spent`: put back already, what it replaced is not removed yet. */
export type SnapshotState = 'none' | 'partial' | 'whole' | 'spent'

export type Snapshots = {
  find(place: string): Promise<SnapshotState>
  /** @throws DiskFull when a copy of the files would not fit. */
  assertRoom(files: string, place: string, reserveBytes?: number): Promise<void>
  /** Copies everything below `files`, owners and modes as they are. Not there before `commit`. */
  copy(files: string, place: string, signal: AbortSignal): Promise<void>
  commit(place: string, before: string): Promise<void>
  before(place: string): Promise<string>
  /** Puts the files of now aside; the same again changes nothing. */
  setAside(files: string, place: string): Promise<void>
  putBack(files: string, place: string): Promise<void>
  /** With all that is in it; absent is fine. */
  remove(place: string): Promise<void>
}

const partial = (place: string) => `${place}.partial`
const copyIn = (place: string) => join(place, 'db')
const noteIn = (place: string) => join(place, 'before.json')
const replacedIn = (place: string) => join(place, 'after')

export const snapshots: Snapshots = {
  async find(place) {
    if (await exists(copyIn(place))) return 'whole'
    if (await exists(place)) return 'spent'
    return (await exists(partial(place))) ? 'partial' : 'none'
  },
  async assertRoom(files, place, reserveBytes = RESERVE_BYTES) {
    const { stdout } = await run('du', ['--summarize', '--block-size=1', files])
    const bytes = ((await shares(place)) ? 0 : Number.parseInt(stdout, 10)) + reserveBytes
    const { bavail, bsize } = await statfs(files)
    if (bavail * bsize < bytes) throw DiskFull(bytes)
  },
  async copy(files, place, signal) {
    await rm(partial(place), { recursive: true, force: true })
    await mkdir(partial(place), { mode: 0o700 })
    // Shares the blocks where the file system can (btrfs, xfs): then it costs neither room nor time.
    const how = ['--archive', '--reflink=auto', '--no-target-directory']
    await run('cp', [...how, files, copyIn(partial(place))], { signal })
  },
  async commit(place, before) {
    await writeFile(noteIn(partial(place)), before, { mode: 0o600 })
    // The whole file system at once: a thousand single fsyncs take ten times as long.
    await run('sync', ['--file-system', partial(place)])
    await rename(partial(place), place)
    await syncDirectory(dirname(place))
  },
  before: (place) => readFile(noteIn(place), 'utf8'),
  async setAside(files, place) {
    if (!(await exists(files))) return
    await rm(replacedIn(place), { recursive: true, force: true })
    await rename(files, replacedIn(place))
    await Promise.all([syncDirectory(dirname(files)), syncDirectory(place)])
  },
  async putBack(files, place) {
    await rename(copyIn(place), files)
    await Promise.all([syncDirectory(dirname(files)), syncDirectory(place)])
  },
  async remove(place) {
    // What is half removed must not be taken for a whole one.
    if (await exists(place)) {
      await rm(partial(place), { recursive: true, force: true })
      await rename(place, partial(place))
    }
    await rm(partial(place), { recursive: true, force: true })
  },
}

/** Whether copies here share their blocks with what they are copies of: tried with one of a byte. */
async function shares(place: string): Promise<boolean> {
  const [file, trial] = [join(partial(place), 'one'), join(partial(place), 'other')]
  try {
    await mkdir(partial(place), { recursive: true, mode: 0o700 })
    await writeFile(file, 'a')
    await copyFile(file, trial, constants.COPYFILE_FICLONE_FORCE)
    return true
  } catch {
    return false
  } finally {
    await rm(partial(place), { recursive: true, force: true })
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false
    throw error
  }
}

/** A rename is only durable once its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  await directory.sync().finally(() => directory.close())
}

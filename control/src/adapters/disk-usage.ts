/**
 * What a folder takes on the disk, by a walk: every file's blocks, sparse files by what they hold. A project's folder
 * has its database in it, so nothing has to be asked of Postgres.
 */
import { lstat, readdir, statfs } from 'node:fs/promises'
import { join } from 'node:path'

export type DiskUsage = {
  /** Bytes below the folder, but for folders that are left out; what goes away meanwhile counts nothing. */
  usedBytes(folder: string, isLeftOut?: (path: string) => boolean): Promise<number>
  /** Bytes that are free where the folder is. */
  freeBytes(folder: string): Promise<number>
}

const BLOCK_BYTES = 512
/** Looks at a time: more would take the few threads that all of control's files go through. */
const AT_ONCE = 2
/** A database of thousands of tables has a hundred thousand files; what is beyond this is not looked for. */
const FILES_MAX = 500_000

export const diskUsage: DiskUsage = {
  async usedBytes(folder, isLeftOut = () => false) {
    const folders = [folder]
    let [bytes, files] = [0, 0]
    for (let next = folders.pop(); next !== undefined && files < FILES_MAX; next = folders.pop()) {
      const here = next
      const entries = await readdir(here, { withFileTypes: true }).catch(() => [])
      files += entries.length
      const names = entries.flatMap((entry) => {
        const path = join(here, entry.name)
        if (entry.isDirectory() && !isLeftOut(path)) folders.push(path)
        return entry.isFile() ? [path] : []
      })
      bytes += await blocksOf(names)
    }
    return bytes
  },
  async freeBytes(folder) {
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize
  },
}

async function blocksOf(paths: readonly string[]): Promise<number> {
  let [at, bytes] = [0, 0]
  const looker = async () => {
    for (let path = paths[at++]; path !== undefined; path = paths[at++]) {
      const found = await lstat(path).catch(() => null)
      bytes += (found?.blocks ?? 0) * BLOCK_BYTES
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, looker))
  return bytes
}

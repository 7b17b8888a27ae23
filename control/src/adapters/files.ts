/**
 * Files as reconcilers need them: written whole or not at all, and owned by whom they say.
 *
 * A write goes to a temporary name, is synced and renamed, so that a reader (or a kill) sees the old or the new. The
 * temporary name is always the same: what a killed write left is replaced by the next one, and nothing heaps up.
 */
import {
  chmod,
  chown,
  lchown,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
} from 'node:fs/promises'
import { dirname } from 'node:path'

export type Ownership = { uid: number; gid: number; mode: number }
export type Directory = Ownership & { path: string }
/** `text` is null of what is no file, cannot be read, or is larger than was asked for. */
export type Looked = Ownership & { text: string | null }

export type Files = {
  /** Which of these are absent or belong to others. */
  unsound(directories: readonly Directory[]): Promise<Directory[]>
  ensureDirectory(directory: Directory): Promise<void>
  /** Null when absent. */
  read(path: string): Promise<string | null>
  /** What somebody else may have put there; null when absent. Follows no link. */
  look(path: string, bytesMax: number): Promise<Looked | null>
  /** Another one whenever anybody wrote it, put another in its place, or changed whose it is; null when absent. */
  stamp(path: string): Promise<string | null>
  write(path: string, text: string, ownership: Ownership): Promise<void>
  /** Names in a directory, sorted; none when it is absent. */
  list(path: string): Promise<string[]>
  exists(path: string): Promise<boolean>
  /** Null when absent. Neither follows a link. */
  groupOf(path: string): Promise<number | null>
  /** Absent is fine. */
  setGroup(path: string, gid: number): Promise<void>
  /** With all that is in it; absent is fine. */
  remove(path: string): Promise<void>
  /** Null when absent or no link. */
  readLink(path: string): Promise<string | null>
  /** Points the link elsewhere in one step. */
  switchLink(path: string, target: string): Promise<void>
}

const MODE_BITS = 0o7777

export const nodeFiles: Files = {
  async unsound(directories) {
    const sound = await Promise.all(directories.map(isSound))
    return directories.filter((_, at) => !sound[at])
  },
  async ensureDirectory({ path, uid, gid, mode }) {
    await mkdir(path, { recursive: true })
    await chown(path, uid, gid)
    // After chown, which clears setgid; and past the umask.
    await chmod(path, mode)
  },
  read: (path) => readFile(path, 'utf8').catch(nullIfAbsent),
  async look(path, bytesMax) {
    const found = await lstat(path).catch(nullIfAbsent)
    if (found === null) return null
    const isRead = found.isFile() && found.size <= bytesMax
    const text = isRead ? await readFile(path, 'utf8').catch(() => null) : null
    return { uid: found.uid, gid: found.gid, mode: found.mode & MODE_BITS, text }
  },
  async stamp(path) {
    const found = await lstat(path, { bigint: true }).catch(nullIfAbsent)
    return found && `${found.ino} ${found.size} ${found.mtimeNs} ${found.ctimeNs}`
  },
  async write(path, text, { uid, gid, mode }) {
    const temporary = `${path}.tmp`
    await rm(temporary, { force: true })
    try {
      const file = await open(temporary, 'wx', 0o600)
      try {
        await file.writeFile(text)
        await file.chown(uid, gid)
        await file.chmod(mode)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true })
      throw error
    }
    await syncDirectory(dirname(path))
  },
  list: async (path) => ((await readdir(path).catch(nullIfAbsent)) ?? []).toSorted(),
  exists: async (path) => (await lstat(path).catch(nullIfAbsent)) !== null,
  groupOf: async (path) => (await lstat(path).catch(nullIfAbsent))?.gid ?? null,
  async setGroup(path, gid) {
    const found = await lstat(path).catch(nullIfAbsent)
    if (found) await lchown(path, found.uid, gid).catch(nullIfAbsent)
  },
  remove: (path) => rm(path, { recursive: true, force: true }),
  readLink: (path) => readlink(path).catch(nullIfAbsent),
  async switchLink(path, target) {
    const temporary = `${path}.tmp`
    await rm(temporary, { force: true })
    await symlink(target, temporary)
    await rename(temporary, path)
    await syncDirectory(dirname(path))
  },
}

async function isSound({ path, uid, gid, mode }: Directory): Promise<boolean> {
  const found = await lstat(path).catch(nullIfAbsent)
  return (
    found?.isDirectory() === true &&
    found.uid === uid &&
    found.gid === gid &&
    (found.mode & MODE_BITS) === mode
  )
}

/** A rename is only durable once its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

function nullIfAbsent(error: unknown): null {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'ENOENT' || code === 'EINVAL' || code === 'ENOTDIR') return null
  throw error
}

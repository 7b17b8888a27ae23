/** Says by content whether something changed: digests of values and of file trees. */
import { createHash } from 'node:crypto'
import { lstat, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

export const digest = (parts) => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  return hash.digest('hex').slice(0, 32)
}

/** Paths below `root/path`, `path` itself when it is a file; sorted, relative to `root`. */
export async function listFiles(root, path, skip = () => false) {
  if (skip(path)) return []
  const entry = await lstat(join(root, path)).catch(() => undefined)
  if (entry === undefined) return []
  if (!entry.isDirectory()) return [path]
  const names = (await readdir(join(root, path))).sort()
  const lists = await Promise.all(names.map((name) => listFiles(root, join(path, name), skip)))
  return lists.flat()
}

/** Names, contents and executable bits. What else a file system says of a file differs between two clones. */
export async function digestFiles(root, files) {
  const parts = files.map(async (file) => {
    const [content, entry] = await Promise.all([readFile(join(root, file)), lstat(join(root, file))])
    return digest([file, (entry.mode & 0o100).toString(8), content])
  })
  return digest(await Promise.all(parts))
}

/** Files that we wrote and come back to: what they are worth now, after a full disk, a copied backup, or a hand. */
import { join } from 'node:path'
import type { z } from 'zod'
import type { Files, Looked } from '../adapters/files.ts'

/** Far more than any of ours. */
const FILE_BYTES_MAX = 256 * 1024 * 1024

/** What a manifest says. One that is not there, was cut or was changed says nothing. */
export function saidIn<Schema extends z.ZodType>(
  schema: Schema,
  text: string | null,
): z.output<Schema> | null {
  if (text === null) return null
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

type Written = { folder: string; texts: Readonly<Record<string, string>>; reader: number }

/** Whether all of these are as they were written, for a process that runs as just this user and group. */
export async function areWhole(
  files: Pick<Files, 'look'>,
  { folder, texts, reader }: Written,
): Promise<boolean> {
  const whole = await Promise.all(
    Object.entries(texts).map(async ([name, text]) => {
      const found = await files.look(join(folder, name), FILE_BYTES_MAX)
      return found !== null && found.text === text && mayRead(found, reader)
    }),
  )
  return whole.every(Boolean)
}

/** @param reader its user and its group have one number */
export const mayRead = ({ uid, gid, mode }: Looked, reader: number): boolean =>
  (mode & 0o004) !== 0 || (gid === reader && (mode & 0o040) !== 0) || (uid === reader && (mode & 0o400) !== 0)

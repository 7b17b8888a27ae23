/**
 * When a project was last in use, as the modification time of a file beside its sockets. Its runtimes write it there;
 * a tenant's code may be behind them, so nothing here follows a link or reads what is in it.
 */
import { lstat, lutimes } from 'node:fs/promises'
import { join } from 'node:path'
import { ACTIVITY_FILE } from '@cascata/shared/http'

export function projectActivity(httpDirOf: (ref: string) => string) {
  const fileOf = (ref: string) => join(httpDirOf(ref), ACTIVITY_FILE)
  return {
    lastActiveAt: async (ref: string): Promise<number | null> =>
      (await lstat(fileOf(ref)).catch(() => undefined))?.mtimeMs ?? null,
    async touch(ref: string): Promise<void> {
      const now = new Date()
      // Absent before its first runtime was.
      await lutimes(fileOf(ref), now, now).catch(() => {})
    },
  }
}

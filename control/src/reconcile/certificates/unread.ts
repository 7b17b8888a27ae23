/**
 * Whether nginx still has to read certificates that were written over older ones: it keeps what it read first, and no
 * digest tells. A file says so for a control that is killed in between.
 */
import type { Files } from '../../adapters/files.ts'
import type { Paths } from '../../paths.ts'

/** How often files were written over; 0 when nginx has read them all. */
export type Unread = {
  count(): Promise<number>
  /** Before one is written over. */
  more(): Promise<void>
  /** nginx has read them as they were at that count. */
  read(count: number): Promise<void>
}

type Given = { files: Pick<Files, 'exists' | 'write' | 'remove'>; paths: Pick<Paths, 'edgeUnread'> }

const OURS = { uid: 0, gid: 0, mode: 0o600 }

/** Not for calls side by side. */
export function unreadPairs({ files, paths }: Given): Unread {
  let written = 0
  let read = 0
  let isKnown = false

  async function count(): Promise<number> {
    if (!isKnown && (await files.exists(paths.edgeUnread))) written += 1
    isKnown = true
    return written > read ? written : 0
  }

  return {
    count,
    async more() {
      if ((await count()) === 0) await files.write(paths.edgeUnread, '', OURS)
      written += 1
    },
    async read(upTo) {
      if (upTo <= read) return
      if (upTo === written) await files.remove(paths.edgeUnread)
      read = upTo
    },
  }
}

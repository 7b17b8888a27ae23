/** A server on a unix socket that only its owner and its group may connect to; with folders that are setgid, that is the edge. */
import { randomBytes } from 'node:crypto'
import { chmod, rename } from 'node:fs/promises'
import type { Server } from 'node:http'
import { basename, dirname, join } from 'node:path'

export type Listening = {
  /** Lets the requests under way end; cuts those that have not after the time. */
  close(withinMs: number): Promise<void>
}

/** Longer than the edge keeps an idle connection (60 s): it hangs up first. */
export const KEEP_ALIVE_MS = 75_000

const SOCKET_MODE = 0o660

export async function listenOnSocket(server: Server, socket: string): Promise<Listening> {
  // Bound under a name of its own, then renamed: a stale socket is replaced, and the mode is right from the first moment.
  const own = join(dirname(socket), `.${basename(socket)}.${randomBytes(3).toString('hex')}`)
  await bound(server, own)
  await chmod(own, SOCKET_MODE)
  await rename(own, socket)
  return { close: (withinMs) => closed(server, withinMs) }
}

function bound(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function closed(server: Server, withinMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(() => server.closeAllConnections(), withinMs)
    server.close(() => {
      clearTimeout(deadline)
      resolve()
    })
  })
}

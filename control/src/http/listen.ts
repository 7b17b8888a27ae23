/** Control's HTTP, served on a unix socket that only the edge (by group) and root may connect to. */
import { randomBytes } from 'node:crypto'
import { chmod, rename } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { basename, dirname, join } from 'node:path'
import { getRequestListener } from '@hono/node-server'

export type Listening = {
  /** Lets the requests under way end; cuts those that have not after the time. */
  close(withinMs: number): Promise<void>
}

type Fetch = (request: Request) => Response | Promise<Response>

/** Owner and group. The directory is setgid, so the group is the edge's. */
const SOCKET_MODE = 0o660
/** Longer than the edge keeps an idle connection (60 s): it hangs up first. */
const KEEP_ALIVE_MS = 75_000

export async function listenOn(socket: string, fetch: Fetch): Promise<Listening> {
  const server = createServer(
    // No time limit on a whole request: archives of many gigabytes are uploaded through here.
    { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: 30_000, requestTimeout: 0 },
    getRequestListener(fetch),
  )
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

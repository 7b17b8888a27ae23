/**
 * Where callers come in: a unix socket or an address, opened and shut.
 *
 * A socket that is shut is not taken away: a plain file stands in its place, and whoever connects is refused at once
 * (ECONNREFUSED, as by a socket nobody listens on), which the edge takes for "try the next one". What had connected
 * before that is accepted first: closing a listener resets those who wait in its queue.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { chmod, rename, stat } from 'node:fs/promises'
import type { Server } from 'node:http'
import { basename, dirname, join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'

export type Endpoint = { socket: string } | { host: string; port: number }

export type Door = {
  /** Nobody new comes in; who stands in it does. */
  shut(): Promise<void>
}

/** Owner and group: the edge is in the group, nobody else can connect. */
const SOCKET_MODE = 0o660

/** Turns of the loop without anybody who came in: then nobody waits any more. The first may be under way already. */
const QUIET_TURNS = 3
/** Of all: who goes on connecting has come too late. */
const ACCEPTING_TURNS_MAX = 2_000

export async function listen(server: Server, endpoint: Endpoint): Promise<Door> {
  if ('socket' in endpoint) return listenOnSocket(server, endpoint.socket)
  await listening(server, () => server.listen(endpoint.port, endpoint.host))
  return { shut: async () => {} }
}

/**
 * Listens under a name of its own and then takes the real one. A stale socket is replaced, the mode is right before
 * anyone can connect, and closing (which removes the name that was bound) never takes away a successor's.
 */
async function listenOnSocket(server: Server, path: string): Promise<Door> {
  const own = besideOf(path)
  await listening(server, () => server.listen(own))
  await chmod(own, SOCKET_MODE)
  const { ino } = await stat(own)
  await rename(own, path)
  let accepted = 0
  server.on('connection', () => {
    accepted += 1
  })
  return {
    async shut() {
      // At once: whoever connects after this call finds nobody. A successor that has taken the name over keeps it.
      if (statSync(path, { throwIfNoEntry: false })?.ino !== ino) return
      try {
        const shutter = besideOf(path)
        writeFileSync(shutter, '')
        // Who may not even try is told so in another way (EACCES), which looks like a fault.
        chmodSync(shutter, SOCKET_MODE)
        renameSync(shutter, path)
      } catch {
        // A full disk: then the listener's own end must do.
        return
      }
      // In one turn of its loop Node accepts one or some of those who wait, by its version.
      let [quiet, before] = [0, accepted]
      for (let turns = 0; quiet < QUIET_TURNS && turns < ACCEPTING_TURNS_MAX; turns++) {
        await turn()
        quiet = accepted === before ? quiet + 1 : 0
        before = accepted
      }
    },
  }
}

const besideOf = (path: string) => join(dirname(path), `.${basename(path)}.${randomBytes(3).toString('hex')}`)

function listening(server: Server, start: () => void): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('listening', resolve).once('error', reject)
  start()
  return promise.finally(() => server.off('error', reject))
}

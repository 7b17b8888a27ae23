/**
 * Listens where a project's Postgres would, while that does not run. The pooler's connections are held here, the
 * project is woken, and they are passed on to the server itself: to the client it took its time to log in. Whoever
 * else comes hears what a starting server says.
 *
 * The server needs nothing of this: it removes whatever bears its socket's name before it binds. And this never takes
 * the name from one that listens, whatever was thought of it.
 */
import { chmod, link, lstat, rename, rm } from 'node:fs/promises'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { join } from 'node:path'
import { Problem } from '@cascata/shared/problem'
import { socketPath } from './socket-path.ts'
import { errorResponse, readStartup } from './wire-startup.ts'

/** Of the role that the pooler logs in as. */
const HELD_USER = 'postgres'
const SOCKET_MODE = 0o660
/** Above what the pooler opens for one project on both its ports. */
const HELD_MAX = 64
const STARTUP_TIMEOUT_MS = 5_000

const CANNOT_CONNECT_NOW = '57P03'
/** PgBouncer keeps its clients waiting on 57P03, and tells them of anything else. */
const REJECTED = '08004'

export type StandInOf = {
  socketDir: string
  /** What a client is told; null holds it. */
  refusal: string | null
  /** Settles when the server answers. */
  wake(): Promise<void>
  /** Asked once the server is connected to: false of one that is on trial, whose writes may be undone. */
  isFree(): Promise<boolean>
  /** A client was passed on: its bytes go through here until it leaves. */
  passedOn(): void
}

export type OpenStandIn = {
  /** Whether whoever comes still comes here: no server has taken the name. */
  isFound(): Promise<boolean>
  /** Who is held or was passed on stays. */
  close(): void
}

/** Undefined when somebody else listens there. */
export async function openStandIn(of: StandInOf): Promise<OpenStandIn | undefined> {
  const own = join(of.socketDir, '.stand-in')
  const place = socketPath(of.socketDir)
  await rm(own, { force: true })
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    if (sockets.size > HELD_MAX) refuse(socket, CANNOT_CONNECT_NOW, 'too many wait for this database')
    else void receive(socket, { ...of, place, isMine })
  })
  await bound(server, own)
  await chmod(own, SOCKET_MODE)
  // Its own name stays beside the other: so long the number is nobody else's.
  const mine = (await lstat(own)).ino
  const isMine = async () => (await lstat(place).catch(() => undefined))?.ino === mine
  if (await takePlace(own, place)) return { isFound: isMine, close: () => server.close() }
  server.close()
  return undefined
}

type Receive = StandInOf & { place: string; isMine(): Promise<boolean> }

async function receive(
  socket: Socket,
  { refusal, wake, isFree, passedOn, place, isMine }: Receive,
): Promise<void> {
  const startup = await readStartup(socket, STARTUP_TIMEOUT_MS).catch(() => undefined)
  if (!startup) return void socket.destroy()
  if (startup.user !== HELD_USER) return refuse(socket, CANNOT_CONNECT_NOW, 'the database does not run')
  if (refusal !== null) return refuse(socket, REJECTED, refusal)
  try {
    await wake()
    // The server has taken the name by now. If not, passing on would come back here.
    if (await isMine()) throw new Error('the server did not come')
  } catch (error) {
    return refuse(socket, REJECTED, error instanceof Problem ? error.message : 'the database did not start')
  }
  if (socket.destroyed) return
  const passOn = () => {
    server.write(startup.bytes)
    server.pipe(socket)
    socket.pipe(server)
    passedOn()
  }
  const server = connect(place, () => {
    // Whatever is taken in hand from here on ends this server first, and its connections with it.
    const isToPass = isFree().catch(() => false)
    void isToPass.then((isSo) => {
      if (isSo && !socket.destroyed) return passOn()
      server.destroy()
      // PgBouncer keeps its client, and asks again.
      refuse(socket, CANNOT_CONNECT_NOW, 'the database is being changed')
    })
  })
  server.on('error', () => socket.destroy())
  // Not at once: what it was told may still be on its way.
  server.on('close', () => void (socket.writableEnded || socket.destroy()))
  socket.on('close', () => server.destroy())
}

function refuse(socket: Socket, code: string, message: string): void {
  socket.end(errorResponse(code, message))
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

/** False when somebody listens under that name. What nobody listens on any more gives way. */
async function takePlace(own: string, place: string): Promise<boolean> {
  const aside = `${own}.old`
  // What an earlier one moved aside, and was killed before it looked, is looked at now.
  if (!(await listens(aside))) await moved(place, aside)
  if (await listens(aside)) {
    await moved(aside, place)
    return false
  }
  await rm(aside, { force: true })
  // Unlike a rename, a link never replaces: a server that has bound meanwhile keeps its name.
  return link(own, place).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return false
      throw error
    },
  )
}

const moved = (from: string, to: string): Promise<boolean> =>
  rename(from, to).then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return false
      throw error
    },
  )

function listens(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path)
    probe.on('connect', () => {
      probe.destroy()
      resolve(true)
    })
    probe.on('error', () => resolve(false))
  })
}

/**
 * The listening socket and its end.
 *
 * **No request is lost on a restart** when the one who restarts keeps this order: start the new process, wait for
 * its `/health/ready`, then SIGTERM the old one. Two ways lead there:
 * - a second replica with a socket of its own (`2.sock`): point the edge at it, reload, then end the first;
 * - the same path: a new process takes the name over by rename, so a connection goes to the old one or to the new
 *   one and never to nobody. The old one keeps what it accepted.
 * Where there can be only one process at a time, the edge must hold: retry on a failed connect (nginx:
 * `proxy_next_upstream error`, which never repeats a POST that was sent) or point at the activator meanwhile.
 */
import type { Server } from 'node:http'
import { type Socket, Server as TcpServer } from 'node:net'
import { BODY_TOTAL_MS } from '../gate/limits.ts'
import { serveByNode } from './by-node.ts'
import type { Door } from './door.ts'
import { PlainConnection, type PlainOptions } from './plain/connection.ts'
import { Heads } from './plain/heads.ts'
import { answerRefused } from './refused.ts'
import { createSockets, type SocketDeps } from './sockets.ts'

/** Longer than nginx keeps an idle upstream connection (60 s): the edge hangs up first, so no request meets a closing door. */
const KEEP_ALIVE_MS = 75_000

/** The URL's own limit is the project's; this one only keeps a header from eating the memory. */
const HEADER_BYTES_MAX = 64 * 1024

export type HttpServer = {
  /** What listens; connections belong to it, whoever reads them. */
  server: Server
  /** Ends connections on which nothing is under way. */
  closeIdle(): void
  /** Tells those who keep a connection open that it ends. */
  endSockets(): void
  /** Ends the connections of those whose keys hold no more. */
  recheckSockets(): Promise<void>
  /** Ends all of them now. */
  destroyAll(): void
}

/**
 * Everyday requests are read by `plain/`, everything else by node:http: its own listener takes a connection over at the
 * first request that is not plain. Reading and writing through node:http costs more than all the rest of a request.
 */
export function createHttpServer({ app, activity, logger }: SocketDeps): HttpServer {
  // An `import` of node:http reads all its exports, and `WebSocket` among them loads the whole of undici: 20 ms and
  // megabytes of every start (Node 24). Taken like this, only what is called is loaded.
  const { createServer } = process.getBuiltinModule('node:http')
  const sockets = createSockets({ app, activity, logger })
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: 30_000,
      requestTimeout: BODY_TOTAL_MS + 30_000,
      maxHeaderSize: HEADER_BYTES_MAX,
      noDelay: true,
      // Any other offer of another protocol may be left unanswered.
      shouldUpgradeCallback: (request) => sockets.takes(request),
    },
    serveByNode(app),
  )
  server.on('upgrade', (request, socket, head) => void sockets.open(request, { socket, head }))
  answerRefused(server)
  const byNode = server.listeners('connection')
  server.removeAllListeners('connection')
  const connections = new Set<PlainConnection>()
  const options: PlainOptions = {
    app,
    heads: new Heads(),
    keepAliveMs: KEEP_ALIVE_MS,
    handOver: (socket) => {
      for (const listener of byNode) listener.call(server, socket)
    },
    onClosed: (connection) => connections.delete(connection),
  }
  server.on('connection', (socket: Socket) => connections.add(new PlainConnection(socket, options)))
  return {
    server,
    closeIdle() {
      for (const connection of connections) connection.closeIfIdle()
      server.closeIdleConnections()
    },
    endSockets: () => sockets.endAll(),
    recheckSockets: () => sockets.recheck(),
    destroyAll() {
      sockets.destroyAll()
      for (const connection of connections) connection.destroy()
      server.closeAllConnections()
    },
  }
}

/**
 * A kept connection on which nothing is under way stays for so long: a request may be on its way on it, from an nginx
 * that was told of our end a moment ago (its old workers live on for a tenth of a second after a reload). Each answer
 * says that it is the last one.
 */
const LAST_REQUESTS_MS = 500

/**
 * Stops accepting, lets what is under way end, and cuts what has not ended by the deadline.
 *
 * No request is lost on the way: the door is shut first, so that the edge goes elsewhere before anything was sent, and
 * who had come in by then is still let in.
 * @returns whether everything ended by itself.
 */
export async function drain(
  { server, closeIdle, endSockets, destroyAll }: HttpServer,
  { door, deadlineMs }: { door: Door; deadlineMs: number },
): Promise<boolean> {
  await door.shut()
  // Not before: who comes again at once is to find a successor.
  endSockets()
  const closed = Promise.withResolvers<boolean>()
  const deadline = setTimeout(() => {
    destroyAll()
    closed.resolve(false)
  }, deadlineMs)
  // Not that of node:http, which closes idle connections at once.
  TcpServer.prototype.close.call(server, () => closed.resolve(true))
  // A busy one ends with its answer, which says `Connection: close`.
  const lastCall = setTimeout(closeIdle, Math.min(LAST_REQUESTS_MS, deadlineMs))
  return closed.promise.finally(() => {
    clearTimeout(deadline)
    clearTimeout(lastCall)
  })
}

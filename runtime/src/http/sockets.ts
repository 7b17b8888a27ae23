/**
 * WebSockets: their handshake, and what holds for each of them whatever is said on it. One that is open keeps the project
 * awake; one that says nothing, does not read, or whose key was taken back is ended.
 */
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import type { Activity } from '../gate/activity.ts'
import { leaving } from '../gate/caller.ts'
import { TooManySockets } from '../gate/errors.ts'
import {
  SOCKET_FAREWELL_MS,
  SOCKET_FRAME_BYTES_MAX,
  SOCKET_SILENCE_MS,
  SOCKET_UNREAD_BYTES_MAX,
  SOCKETS_AT_ONCE_MAX,
  SOCKETS_OF_ADDRESS_MAX,
} from '../gate/limits.ts'
import type { Logger } from '../gate/logger.ts'
import { clientKey } from '../session/client-key.ts'
import type { Admitted, App, Exchange, Reply } from './app.ts'
import { send } from './send.ts'
import type { Peer } from './service.ts'

export type SocketDeps = { app: App; activity: Activity; logger: Logger }

export type Sockets = {
  /** Whether this request is to become a WebSocket. */
  takes(request: IncomingMessage): boolean
  /** Never rejects. */
  open(request: IncomingMessage, from: { socket: Duplex; head: Buffer }): Promise<void>
  recheck(): Promise<void>
  endAll(): void
  destroyAll(): void
}

/** RFC 6455, 7.4.1. */
const CLOSE = { normal: 1000, policy: 1008, fault: 1011, restart: 1012 } as const

type Open = { peer: Peer; holds: Admitted['holds'] }

export function createSockets({ app, activity, logger }: SocketDeps): Sockets {
  const open = new Set<Open>()
  /** All connections that came with a handshake, and from where. */
  const connections = new Map<Duplex, string>()
  let isEnding = false

  /** @throws TooManySockets. Who is counted is counted already. */
  function assertRoom(from: string): void {
    if (connections.size > SOCKETS_AT_ONCE_MAX) throw TooManySockets(SOCKETS_AT_ONCE_MAX, 'of the project')
    let here = 0
    for (const each of connections.values()) if (each === from) here += 1
    if (here > SOCKETS_OF_ADDRESS_MAX) throw TooManySockets(SOCKETS_OF_ADDRESS_MAX, 'from this address')
  }

  function begin(socket: WebSocket, { talk, holds }: Admitted): void {
    const peer = peerOf(socket)
    const entry = { peer, holds }
    open.add(entry)
    const silence = setTimeout(
      () => peer.end(CLOSE.normal, 'nothing was heard for a while'),
      SOCKET_SILENCE_MS,
    )
    silence.unref()
    socket.on('close', () => {
      open.delete(entry)
      clearTimeout(silence)
    })
    // Of a broken frame or connection; the socket ends itself.
    socket.on('error', () => {})
    const hear = talk(peer)
    socket.on('message', (data: Buffer, isBinary) => {
      silence.refresh()
      try {
        hear(isBinary ? data : data.toString('utf8'))
      } catch (err) {
        logger.error({ err }, 'unexpected failure on a socket')
        peer.end(CLOSE.fault, 'Something went wrong here.')
      }
    })
    if (isEnding) peer.end(CLOSE.restart, 'the project restarts')
    // Its key may have been taken back while it waited.
    void recheckOne(entry)
  }

  async function recheckOne({ peer, holds }: Open): Promise<void> {
    if (!(await holds())) peer.end(CLOSE.policy, 'the key of this connection does not hold any more')
  }

  async function shake(
    exchange: Exchange,
    request: IncomingMessage,
    { socket, head }: From,
  ): Promise<number> {
    const [admitted, server] = await Promise.all([
      app.admit(exchange, () => assertRoom(connections.get(socket) ?? '')),
      webSockets(),
    ])
    if (admitted === undefined || socket.destroyed) {
      socket.destroy()
      return 0
    }
    if ('answer' in admitted) {
      refuse(request, socket, admitted)
      return admitted.answer.status
    }
    let status = 400
    // At once: it opens the connection, or answers by itself what is no handshake.
    server.handleUpgrade(request, socket, head, (opened) => {
      status = 101
      begin(opened, admitted)
    })
    return status
  }

  return {
    takes: ({ method, url = '/', headers }) =>
      method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket' && app.talksAt(url),

    async open(request, from) {
      const { socket } = from
      // Node's own listener went with its parser.
      socket.on('error', () => socket.destroy())
      activity.enter()
      connections.set(socket, addressOf(request))
      socket.once('close', () => {
        connections.delete(socket)
        activity.leave()
      })
      try {
        const exchange = app.begin({
          method: 'GET',
          url: request.url ?? '/',
          headers: request.headers,
          gone: leaving(request.socket),
          body: () => null,
        })
        const status = await shake(exchange, request, from)
        app.record(exchange, { status, bytes: 0, aborted: status === 0 })
      } catch (err) {
        logger.error({ err }, 'unexpected failure at a handshake')
        socket.destroy()
      }
    },

    async recheck() {
      for (const entry of [...open]) await recheckOne(entry)
    },
    endAll() {
      isEnding = true
      for (const { peer } of open) peer.end(CLOSE.restart, 'the project restarts')
    },
    destroyAll() {
      for (const socket of connections.keys()) socket.destroy()
    },
  }
}

type From = { socket: Duplex; head: Buffer }

/** As the edge says it; of a runtime by itself, whoever is connected. */
function addressOf({ headers, socket }: IncomingMessage): string {
  const said = headers['x-real-ip']
  return clientKey(typeof said === 'string' ? said : (socket.remoteAddress ?? ''))
}

/** Read with the first of them: most projects have none. */
let shared: Promise<WebSocketServer> | undefined
function webSockets(): Promise<WebSocketServer> {
  const options = {
    ...{ noServer: true, clientTracking: false, perMessageDeflate: false },
    ...{ maxPayload: SOCKET_FRAME_BYTES_MAX, closeTimeout: SOCKET_FAREWELL_MS },
  }
  shared ??= import('ws').then(({ WebSocketServer }) => new WebSocketServer(options))
  return shared
}

const peerOf = (socket: WebSocket): Peer => ({
  say(frame) {
    if (socket.readyState !== socket.OPEN) return
    socket.send(frame)
    if (socket.bufferedAmount > SOCKET_UNREAD_BYTES_MAX) socket.terminate()
  },
  end: (code, reason) => socket.close(code, reason),
})

/** In plain HTTP, on a connection whose parser has let go of it: nobody else ends it, whatever the other side does. */
function refuse(request: IncomingMessage, socket: Duplex, { answer, common }: Reply): void {
  // Not imported: see server.ts.
  const { ServerResponse } = process.getBuiltinModule('node:http')
  const response = new ServerResponse(request)
  response.assignSocket(socket as Socket)
  response.once('finish', () => {
    socket.end()
    socket.resume()
    const late = setTimeout(() => socket.destroy(), SOCKET_FAREWELL_MS)
    socket.once('close', () => clearTimeout(late))
  })
  send(response, answer, { common, close: true })
}

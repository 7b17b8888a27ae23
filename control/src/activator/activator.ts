/**
 * Where the edge goes with a request whose project does not listen: it sleeps, or is being restarted. The request is
 * held with its body unread, the project is woken (once, however many ask), and the request is passed on.
 *
 * It knows no project's state and starts nothing itself: `reach` does.
 */
import { createServer, type IncomingMessage, ServerResponse } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { PROJECT_REF_HEADER, REQUEST_ID_HEADER } from '@cascata/shared/http'
import { ProjectRef } from '@cascata/shared/ids'
import { Problem } from '@cascata/shared/problem'
import { ProjectStarting } from '@cascata/shared/problems/edge'
import { ProjectNotFound } from '@cascata/shared/problems/projects'
import { KEEP_ALIVE_MS, type Listening, listenOnSocket } from '../socket-listener.ts'
import {
  ACTIVATOR_LIMITS,
  type ActivatorLimits,
  CONNECTS_MAX,
  HEADER_BYTES_MAX,
  LISTEN_ON_MS,
} from './limits.ts'
import { passOn, passOnUpgrade } from './pass-on.ts'
import { refusalOf } from './refusal.ts'
import { openWaiting, type Waiting } from './waiting.ts'

export type ActivatorDeps = {
  /** The socket of a runtime that is ready, once there is one. @throws the problem of a project that gets none. */
  reach(ref: string): Promise<string>
  /** Whether what is connected to by now is what is to answer: an upgrade tries a release on the same sockets. */
  isServed(ref: string): Promise<boolean>
  log: { warn(fields: object, text: string): void }
  limits?: ActivatorLimits
}

type Held = { request: IncomingMessage; response: ServerResponse; ref: string }

export function startActivator(socket: string, deps: ActivatorDeps): Promise<Listening> {
  const waiting = openWaiting(deps.limits ?? ACTIVATOR_LIMITS)
  const server = createServer({
    keepAliveTimeout: KEEP_ALIVE_MS,
    headersTimeout: 30_000,
    // Bodies wait with their requests; how long one may take, the edge and the project say.
    requestTimeout: 0,
    maxHeaderSize: HEADER_BYTES_MAX,
    // Any other change of protocol is an offer, which a server may leave unanswered.
    shouldUpgradeCallback: isWebSocket,
  })
  server.on('request', (request, response) => {
    const held = { request, response, ref: refOf(request) }
    void serve(deps, held, async (gone) => {
      const to = await arrive({ ...deps, waiting }, held.ref, gone)
      await passOn({ request, response, to })
    })
  })
  server.on('upgrade', (request, client, head) => {
    const response = answering(request, client)
    const held = { request, response, ref: refOf(request) }
    void serve(deps, held, async (gone) => {
      const to = await arrive({ ...deps, waiting }, held.ref, gone)
      await passOnUpgrade({ request, response, to }, { socket: client, head })
    })
  })
  return listenOnSocket(server, socket)
}

const isWebSocket = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' && headers.upgrade?.toLowerCase() === 'websocket'

/** Never throws. */
async function serve(
  { log }: ActivatorDeps,
  { request, response, ref }: Held,
  work: (gone: AbortSignal) => Promise<void>,
): Promise<void> {
  const gone = new AbortController()
  const left = () => gone.abort(new Error('the caller left'))
  response.once('close', left)
  request.socket.once('close', left)
  try {
    await work(gone.signal)
  } catch (error) {
    if (gone.signal.aborted || response.destroyed) return
    if (!(error instanceof Problem)) log.warn({ project: ref, err: error }, 'request was not passed on')
    const requestId = String(request.headers[REQUEST_ID_HEADER] ?? '')
    refuse(request, response, refusalOf(error, { ref, requestId }))
  } finally {
    request.socket.off('close', left)
  }
}

/**
 * The connection ends with the answer. Closing one with unread bytes in it resets it, and a reset can overtake the
 * answer: so the rest of the body is read away, for a while.
 */
function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  { status, headers, body }: ReturnType<typeof refusalOf>,
): void {
  response.shouldKeepAlive = false
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) })
  if (request.method !== 'HEAD') response.write(body)
  if (request.complete) {
    response.end()
    return
  }
  const timer = setTimeout(() => response.end(), LISTEN_ON_MS)
  const end = () => {
    clearTimeout(timer)
    response.end()
  }
  request.once('end', end).once('close', end).resume()
}

type Way = Pick<ActivatorDeps, 'reach' | 'isServed'> & { waiting: Waiting }

/**
 * A connection to the project. One that ended between its word and ours heard nothing yet: the next is looked for. The
 * signal ends one that nobody waits for any more.
 */
function arrive({ reach, isServed, waiting }: Way, ref: string, gone: AbortSignal): Promise<Socket> {
  return waiting.during(
    ref,
    async (abandoned) => {
      if (!ProjectRef.safeParse(ref).success) throw ProjectNotFound()
      for (let left = CONNECTS_MAX; ; left--) {
        abandoned.throwIfAborted()
        const path = await reach(ref)
        abandoned.throwIfAborted()
        const socket = connect({ path, signal: abandoned })
        try {
          await connected(socket)
          // Asked before, the answer could be an old one by now.
          if ((await isServed(ref)) && !socket.destroyed) return socket
          throw ProjectStarting(ref)
        } catch (error) {
          socket.destroy()
          if (left === 1) throw error
        }
      }
    },
    gone,
  )
}

function connected(socket: Socket): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.once('connect', resolve)
  // It stays, for an end that comes before anybody else listens.
  socket.on('error', reject)
  return promise
}

/** The edge sets it, whatever the client said. */
const refOf = ({ headers }: IncomingMessage): string => String(headers[PROJECT_REF_HEADER] ?? '')

/** A way to answer in plain HTTP on a connection whose parser has let go of it. */
function answering(request: IncomingMessage, client: Duplex): ServerResponse {
  const response = new ServerResponse(request)
  response.assignSocket(client as Socket)
  response.shouldKeepAlive = false
  response.once('finish', () => client.end())
  // Node's own listener is gone with the parser; a caller that leaves must not end the process.
  client.on('error', () => client.destroy())
  return response
}

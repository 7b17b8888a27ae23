/**
 * Passes one request on over a connection that is open already, and its answer back; each byte once. What goes wrong
 * after the first byte is not tried again: nobody knows what came of it.
 *
 * A runtime belongs to its tenant, or to whoever has taken it over: nothing that it says may throw where nobody catches.
 */
import {
  request as ask,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  STATUS_CODES,
  type ServerResponse,
} from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { AnswerLost } from '@cascata/shared/problems/edge'
import { answerHeaders, requestHeaders, upgradeHeaders } from './headers.ts'

type Exchange = { request: IncomingMessage; response: ServerResponse; to: Socket }

/** What changes nothing may simply be asked again. */
const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Settles when the answer has ended, in whatever way. @throws when there was none, and none was begun. */
export async function passOn(exchange: Exchange): Promise<void> {
  const { request } = exchange
  const sent = begin(exchange, requestHeaders(request.method ?? 'GET', request.rawHeaders))
  const answered = answer(exchange, sent)
  exchange.response.once('close', () => sent.destroy())
  request.on('error', () => sent.destroy())
  request.pipe(sent)
  await answered
}

/** The same for a request to change the protocol; both ends are joined when the project agrees. */
export async function passOnUpgrade(
  exchange: Exchange,
  from: { socket: Duplex; head: Buffer },
): Promise<void> {
  const { request, response } = exchange
  const sent = begin(exchange, upgradeHeaders(request.rawHeaders))
  const { promise: joined, resolve } = Promise.withResolvers<void>()
  sent.on('upgrade', (answer, project, early) => {
    response.detachSocket(request.socket)
    from.socket.write(upgradeHead(answer))
    from.socket.write(early)
    project.write(from.head)
    join(from.socket, project)
    resolve()
  })
  const answered = answer(exchange, sent)
  from.socket.once('close', () => {
    sent.destroy()
    resolve()
  })
  sent.end()
  await Promise.race([joined, answered])
}

function begin({ request, to }: Exchange, headers: string[]): ClientRequest {
  const { method = 'GET', url: path = '/' } = request
  const options: RequestOptions = { createConnection: () => to, setHost: false, method, path, headers }
  try {
    return ask(options)
  } catch (error) {
    to.destroy()
    throw error
  }
}

/** Settles as `passOn` does. */
function answer({ request, response }: Exchange, sent: ClientRequest): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  // With an answer begun, its own end tells. A project may answer, and hang up, before it has read all.
  const lost = (error: Error) => {
    if (response.headersSent || response.destroyed) resolve()
    else reject(SAFE.has(request.method ?? '') ? error : AnswerLost().because(error))
  }
  sent.on('response', (answer) => {
    try {
      answerWith(answer, response).then(resolve, reject)
    } catch (error) {
      // Asked again it would say the same.
      reject(AnswerLost().because(error))
      sent.destroy()
    }
  })
  sent.on('error', lost)
  // Where it changes a protocol that nobody asked to change, there is neither an answer nor an error.
  sent.once('close', () => lost(new Error('it hung up without an answer')))
  response.once('close', resolve)
  return promise
}

/** A status of one digit too few, or of an answer that is yet to come, is none. */
const isFinal = (status: number | undefined): status is number => status !== undefined && status >= 200

/** @throws what is no answer; nothing was begun then. */
function answerWith(answer: IncomingMessage, response: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const { statusCode: status } = answer
  if (!isFinal(status)) throw new Error(`it answered with status ${status}`)
  response.sendDate = false
  // Its words for the status may hold anything; HTTP/2 has none.
  response.writeHead(status, answerHeaders(answer.rawHeaders))
  // Cut off in the middle, it must not look whole.
  answer.once('error', () => response.destroy())
  response.once('close', resolve)
  answer.pipe(response)
  return promise
}

function upgradeHead({ rawHeaders }: IncomingMessage): Buffer {
  const lines = [`HTTP/1.1 101 ${STATUS_CODES[101]}`]
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`)
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1')
}

/** Whatever ends one ends the other, and both ways: a socket that is half closed would stay for ever. */
function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.pipe(to)
    from.on('end', () => from.end())
    from.on('error', () => to.destroy())
    from.on('close', () => to.destroy())
  }
}

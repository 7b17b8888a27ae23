/**
 * Callers of the edge that keep their connections and ask again as soon as they are answered. Nothing is sent twice,
 * but for what HTTP/2 itself says was not looked at (RFC 9113, 6.8 and 8.7).
 */
import { Agent as PlainAgent, request as plain } from 'node:http'
import { type ClientHttp2Session, connect, constants } from 'node:http2'
import { Agent as SecureAgent, request as secure } from 'node:https'

export type Wanted = { method: string; path: string; headers: Record<string, string>; body?: string }
/** `host` with its port. */
export type Place = { port: number; host: string }

export type Caller = {
  /** The status; undefined when the server has said that it did nothing with it. @throws when it is lost. */
  ask(wanted: Wanted): Promise<number | undefined>
  close(): void
}

export function http1Caller({ port, host }: Place, { tls }: { tls: boolean }): Caller {
  const kept = { keepAlive: true, maxSockets: 1 }
  const own = { host: '127.0.0.1', port, servername: host.replace(/:\d+$/, ''), rejectUnauthorized: false }
  const agent = tls ? new SecureAgent(kept) : new PlainAgent(kept)
  return {
    close: () => agent.destroy(),
    ask: ({ method, path, headers, body }) =>
      new Promise((resolve, reject) => {
        const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
        const options = { ...own, agent, method, path, headers: { ...headers, ...length, host } }
        const sent = (tls ? secure : plain)(options, (answer) => {
          answer.resume().on('error', reject)
          answer.on('end', () => resolve(answer.statusCode))
        })
        sent.on('error', reject).end(body)
      }),
  }
}

/** Several may ask at once; a connection that is told to end gets no new request. */
export function http2Caller({ port, host }: Place): Caller {
  let session: ClientHttp2Session | undefined
  const open = (): ClientHttp2Session => {
    if (session && !session.closed && !session.destroyed) return session
    const servername = host.replace(/:\d+$/, '')
    const made = connect(`https://127.0.0.1:${port}`, { servername, rejectUnauthorized: false })
    // A loss is told to each of its streams.
    made.on('error', () => {})
    session = made
    return made
  }
  return {
    close: () => session?.close(),
    ask: ({ method, path, headers, body }) =>
      new Promise((resolve, reject) => {
        const stream = open().request(
          { ...headers, ':method': method, ':path': path, ':authority': host },
          { endStream: body === undefined },
        )
        let status: number | undefined
        stream.on('response', (answer) => {
          status = answer[':status']
        })
        stream.on('error', (error) => {
          if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) resolve(undefined)
          else reject(error)
        })
        stream.resume().on('end', () => {
          if (status === undefined) reject(new Error('a stream ended without an answer'))
          else resolve(status)
        })
        if (body !== undefined) stream.end(body)
      }),
  }
}

export type Lane = { name: string; caller: Caller; next(): Wanted; answered?(wanted: Wanted): void }
export type Told = { answered: Record<string, number>; refused: number; failed: string[] }

/** Each lane is one after the other; lanes may share a caller. */
export function startEdgeLoad(lanes: readonly Lane[]): { stop(): Promise<Told> } {
  let isOver = false
  const told: Told = { answered: {}, refused: 0, failed: [] }
  const run = async ({ name, caller, next, answered }: Lane) => {
    let wanted = next()
    while (!isOver) {
      try {
        const status = await caller.ask(wanted)
        if (status === undefined) {
          told.refused += 1
          continue
        }
        if (status < 200 || status > 299) told.failed.push(`${name}: ${status}`)
        else {
          told.answered[name] = (told.answered[name] ?? 0) + 1
          answered?.(wanted)
        }
      } catch (error) {
        told.failed.push(`${name}: ${error}`)
      }
      wanted = next()
    }
  }
  const all = Promise.all(lanes.map(run))
  return {
    async stop() {
      isOver = true
      await all
      for (const { caller } of lanes) caller.close()
      return told
    },
  }
}

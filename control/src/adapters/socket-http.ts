/** HTTP over a unix socket, for asking our own parts whether they are there. */
import { watch } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { dirname } from 'node:path'

export type SocketAnswer = { status: number; body: string }

export type SocketQuestion = { timeoutMs: number; headers?: Record<string, string>; bodyBytesMax?: number }

const BODY_BYTES_MAX = 64 * 1024

/** Null when nobody answers in time, or more than was reckoned with. */
export function getOverSocket(
  socketPath: string,
  path: string,
  { timeoutMs, headers = {}, bodyBytesMax = BODY_BYTES_MAX }: SocketQuestion,
): Promise<SocketAnswer | null> {
  return callOverSocket(socketPath, path, { method: 'GET', timeoutMs, headers, bodyBytesMax }).then(
    (reply) => (typeof reply === 'string' ? null : { status: reply.status, body: reply.body }),
  )
}

export type SocketCall = SocketQuestion & { method: string; body?: string }
/** `absent`: nobody listens, so nothing was asked. `lost`: it was asked, and no answer came. */
export type SocketReply = (SocketAnswer & { headers: IncomingHttpHeaders }) | 'absent' | 'lost'

/** For what must not be asked twice. */
export function callOverSocket(
  socketPath: string,
  path: string,
  { method, body, timeoutMs, headers = {}, bodyBytesMax = BODY_BYTES_MAX }: SocketCall,
): Promise<SocketReply> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs)
    const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const options = { socketPath, path, method, headers: { ...headers, ...length }, agent: false, signal }
    const sent = request(options, (answer) => {
      const chunks: Buffer[] = []
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
        if (bytes > bodyBytesMax) answer.destroy(new Error('too large'))
        else chunks.push(chunk)
      })
      answer.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: text })
      })
      answer.on('error', () => resolve('lost'))
    })
    sent.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.syscall === 'connect' ? 'absent' : 'lost'),
    )
    sent.end(body)
  })
}

/**
 * Asks until the answer is wanted. Looks again at once when something changes beside the socket (a listener makes
 * it appear), and else after a pause that grows: no fixed poll to wait for.
 */
export async function waitForAnswer(
  ask: () => Promise<boolean>,
  { socketPath, timeoutMs, signal }: { socketPath: string; timeoutMs: number; signal?: AbortSignal },
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs
  const stop = new AbortController()
  let wake = () => {}
  // What changes while an answer is under way counts too: that answer may be of before.
  let isChanged = false
  const watcher = watch(dirname(socketPath), { signal: stop.signal, persistent: false }, () => {
    isChanged = true
    wake()
  })
  // The directory went away, or the limit of watches is reached: the pauses still end.
  watcher.on('error', () => {})
  try {
    for (let pauseMs = PAUSE_MS_MIN; ; pauseMs = Math.min(pauseMs * 1.5, PAUSE_MS_MAX)) {
      isChanged = false
      if (await ask()) return true
      signal?.throwIfAborted()
      if (performance.now() >= deadline) return false
      if (isChanged) continue
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs)
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  } finally {
    stop.abort()
  }
}

const PAUSE_MS_MIN = 5
const PAUSE_MS_MAX = 50

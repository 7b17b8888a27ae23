/**
 * A load generator small enough to share two cores with what it measures: it writes one fixed request on each of N
 * kept connections and counts the answers. It speaks to a unix socket or a port, so both ways in are measured alike.
 */
import { connect, type Socket } from 'node:net'

export type Target = { socket: string } | { port: number }

export type LoadResult = { perSecond: number; p50Ms: number; p99Ms: number; answers: number; errors: number }

export type LoadOptions = { target: Target; request: () => Buffer; connections: number; seconds: number }

export async function load({ target, request, connections, seconds }: LoadOptions): Promise<LoadResult> {
  const latencies: number[] = []
  let errors = 0
  const from = performance.now()
  const until = from + seconds * 1000
  const one = () =>
    drive({
      target,
      request,
      until,
      onAnswer: (status, ms) => {
        if (status === 200 || status === 201 || status === 206) latencies.push(ms)
        else errors += 1
      },
    })
  await Promise.all(Array.from({ length: connections }, one))
  const took = (performance.now() - from) / 1000
  latencies.sort((a, b) => a - b)
  const at = (share: number) =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))] ?? Number.NaN
  return {
    perSecond: latencies.length / took,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    answers: latencies.length,
    errors,
  }
}

type Drive = {
  target: Target
  request: () => Buffer
  until: number
  onAnswer: (status: number, ms: number) => void
}

function drive({ target, request, until, onAnswer }: Drive): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket: Socket = 'socket' in target ? connect(target.socket) : connect(target.port, '127.0.0.1')
    socket.setNoDelay(true)
    let pending: Buffer = Buffer.alloc(0)
    let sentAt = 0
    const send = () => {
      if (performance.now() >= until) {
        socket.end()
        return
      }
      sentAt = performance.now()
      socket.write(request())
    }
    socket.on('connect', send)
    socket.on('data', (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk])
      const answer = wholeAnswer(pending)
      if (!answer) return
      pending = pending.subarray(answer.bytes)
      onAnswer(answer.status, performance.now() - sentAt)
      send()
    })
    socket.on('close', () => resolve())
    socket.on('error', reject)
  })
}

/** The first answer in the buffer when all of it is there: by Content-Length, or by the last chunk. */
export function wholeAnswer(buffer: Buffer): { status: number; bytes: number } | undefined {
  const head = buffer.indexOf('\r\n\r\n')
  if (head < 0) return undefined
  const text = buffer.toString('latin1', 0, head)
  const status = Number(text.slice(9, 12))
  const length = /\r\ncontent-length: *(\d+)/i.exec(text)
  if (length) {
    const bytes = head + 4 + Number(length[1])
    return buffer.length >= bytes ? { status, bytes } : undefined
  }
  const end = buffer.indexOf('0\r\n\r\n', head + 2)
  return end < 0 ? undefined : { status, bytes: end + 5 }
}

export function getRequest(path: string, headers: Record<string, string>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
}

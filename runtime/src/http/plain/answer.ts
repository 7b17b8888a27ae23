/** Writes an answer as HTTP/1.1, in one piece where it is small. The app has made sure of its headers. */
import type { Socket } from 'node:net'
import { flatHeaders, frame } from '../framing.ts'
import type { Answer } from '../service.ts'

/** Up to here head and body leave as one text, a character a byte: one write costs half of what two do. */
const ONE_PIECE_BYTES_MAX = 16 * 1024

export type Ending = {
  method: string
  common: Answer['headers']
  /** The connection is not kept. */
  close: boolean
  keepAliveMs: number
}

/** @returns bytes of the body. */
export function writeAnswer(
  socket: Socket,
  answer: Answer,
  { method, common, close, keepAliveMs }: Ending,
): number {
  const { content, bytes, length } = frame(answer, method)
  let head = `HTTP/1.1 ${answer.status} ${answer.statusText ?? reasonOf(answer.status)}\r\n`
  const headers = flatHeaders(answer.headers, { common, length })
  for (let at = 0; at < headers.length; at += 2) head += `${headers[at]}: ${headers[at + 1]}\r\n`
  head += `Date: ${date()}\r\n`
  head += close
    ? 'Connection: close\r\n\r\n'
    : `Connection: keep-alive\r\nKeep-Alive: timeout=${keepAliveMs / 1000}\r\n\r\n`
  if (content === null) {
    socket.write(head, 'latin1')
    return bytes
  }
  const body = typeof content === 'string' ? Buffer.from(content) : content
  if (body instanceof Buffer && bytes <= ONE_PIECE_BYTES_MAX) {
    socket.write(head + body.toString('latin1'), 'latin1')
    return bytes
  }
  socket.cork()
  socket.write(head, 'latin1')
  socket.write(body)
  socket.uncork()
  return bytes
}

let reasons: Readonly<Record<number, string | undefined>> | undefined

/** Taken from node:http only when first needed: see `server.ts` on why it is not imported. */
function reasonOf(status: number): string {
  reasons ??= process.getBuiltinModule('node:http').STATUS_CODES
  return reasons[status] ?? 'unknown'
}

let dateText = ''
let dateSecond = 0

function date(): string {
  const second = Math.floor(Date.now() / 1000)
  if (second !== dateSecond) {
    dateSecond = second
    dateText = new Date(second * 1000).toUTCString()
  }
  return dateText
}

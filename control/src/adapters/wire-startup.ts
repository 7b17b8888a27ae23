/** The first words of Postgres' protocol, as a server reads them (its documentation, 53.7), and its refusal. */
import type { Socket } from 'node:net'

const PROTOCOL_3 = 196_608
const HEAD_BYTES = 8
/** As Postgres itself bounds it. */
const STARTUP_BYTES_MAX = 10_000

export type Startup = { user: string | undefined; bytes: Buffer }

/** Reads nothing behind it. Undefined when it is something else: a cancel, a wish for TLS, no word of the protocol. */
export function readStartup(socket: Socket, timeoutMs: number): Promise<Startup | undefined> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0)
    const stop = () => {
      clearTimeout(timer)
      socket.off('data', receive).off('close', lost).pause()
    }
    const lost = () => {
      stop()
      reject(new Error('nothing was said'))
    }
    const receive = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      if (bytes.length < HEAD_BYTES) return
      const length = bytes.readInt32BE(0)
      const isStartup =
        bytes.readInt32BE(4) === PROTOCOL_3 && length > HEAD_BYTES && length <= STARTUP_BYTES_MAX
      if (isStartup && bytes.length < length) return
      stop()
      resolve(isStartup && bytes.length === length ? { user: userIn(bytes), bytes } : undefined)
    }
    const timer = setTimeout(lost, timeoutMs)
    socket.on('data', receive).on('close', lost)
  })
}

/** Names and values in one row, each with a zero behind it. */
function userIn(startup: Buffer): string | undefined {
  const words = startup.subarray(HEAD_BYTES).toString('utf8').split('\0')
  const at = words.findIndex((word, index) => index % 2 === 0 && word === 'user')
  return at < 0 ? undefined : words[at + 1]
}

export function errorResponse(sqlstate: string, message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${sqlstate}\0M${message.replaceAll('\0', '')}\0\0`)
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeInt32BE(fields.length + 4, 1)
  return Buffer.concat([head, fields])
}

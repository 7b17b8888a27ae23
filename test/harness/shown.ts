/** What the edge shows to whoever asks it by a name that the system resolver does not know. */
import type { X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { request } from 'node:http'
import { connect as connectPlain, type Socket } from 'node:net'
import { connect } from 'node:tls'

export type Shown = {
  name: string
  port: number
  /** PEM of the only root that is trusted. */
  root: () => Promise<string>
}

export type Unchecked = {
  name: string
  port: number
  /** Where TLS begins on a connection that begins otherwise; with the first byte unless said. */
  begin?: (socket: Socket) => Promise<void>
}

/** Whoever signed it; undefined when the handshake ends without one. */
export async function anyCertificateShown(asked: Unchecked): Promise<X509Certificate | undefined> {
  const plain = connectPlain(asked.port, '127.0.0.1')
  try {
    await once(plain, 'connect')
    await asked.begin?.(plain)
    const socket = connect({ socket: plain, servername: asked.name, rejectUnauthorized: false })
    const ended = once(plain, 'close').then(() => Promise.reject(new Error('closed')))
    await Promise.race([once(socket, 'secureConnect'), ended])
    return socket.getPeerX509Certificate()
  } catch {
    return undefined
  } finally {
    plain.destroy()
  }
}

/** Postgres' own way from plain to TLS. */
export async function beginAtPostgres(socket: Socket): Promise<void> {
  socket.write(Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]))
  // Docker's proxy takes a connection to whoever is away, too, and closes it.
  const ended = once(socket, 'close').then(() => [''])
  const [said] = await Promise.race([once(socket, 'data'), ended])
  if (String(said) !== 'S') throw new Error(`the server speaks no TLS: ${String(said)}`)
}

/** By SNI. @throws when the chain does not lead to the root, or has another name. */
export async function certificateShown({ name, port, root }: Shown): Promise<X509Certificate> {
  const ca = await root()
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, servername: name, ca })
    socket.on('error', reject)
    socket.on('secureConnect', () => {
      const certificate = socket.getPeerX509Certificate()
      socket.destroy()
      if (certificate) resolve(certificate)
      else reject(new Error(`no certificate was shown for ${name}`))
    })
  })
}

export type Plain = { port: number; host: string; path: string }

/** Over plain HTTP, no redirect followed. */
export function plainAnswer({ port, host, path }: Plain): Promise<{ status: number; location: string }> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, headers: { host }, agent: false }
    const sent = request(options, (answer) => {
      answer.resume()
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, location: answer.headers.location ?? '' }),
      )
    })
    sent.on('error', reject)
    sent.end()
  })
}

/** What the edge shows to whoever asks it by a name that the system resolver does not know. */
import type { X509Certificate } from 'node:crypto'
import { request } from 'node:http'
import { connect } from 'node:tls'

export type Shown = {
  name: string
  port: number
  /** PEM of the only root that is trusted. */
  root: () => Promise<string>
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

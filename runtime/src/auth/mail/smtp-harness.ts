/** A real SMTP server for tests, on loopback, and a certificate that a test can choose to trust. */
import { generateKeyPairSync, sign } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { SmtpSettings } from './transport.ts'

export type SmtpHarness = {
  settings: SmtpSettings
  received: { mail: ParsedMail; isEncrypted: boolean; from: string; to: string[] }[]
  connections: () => number
  close(): Promise<void>
}

export async function startSmtp(options: SMTPServerOptions = {}): Promise<SmtpHarness> {
  const received: SmtpHarness['received'] = []
  let connections = 0
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onConnect(_session, done) {
      connections += 1
      done()
    },
    onClose() {
      connections -= 1
    },
    onData(stream, session, done) {
      const { mailFrom, rcptTo } = session.envelope
      simpleParser(stream).then((mail) => {
        const from = mailFrom ? mailFrom.address : ''
        received.push({ mail, isEncrypted: session.secure, from, to: rcptTo.map(({ address }) => address) })
        done()
      }, done)
    },
    ...options,
  })
  // A client that turns away is what some tests are about.
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()))
  const { port } = server.server.address() as AddressInfo
  return {
    settings: {
      ...{ host: 'localhost', port, user: null, password: null, secure: 'auto' },
      ...{ senderEmail: 'shop@example.com', senderName: 'The "Shop"' },
    },
    received,
    connections: () => connections,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

const der = (tag: number, ...parts: Uint8Array[]): Buffer => {
  const content = Buffer.concat(parts)
  const size = content.length
  const length = size < 128 ? [size] : [0x82, size >> 8, size & 255]
  return Buffer.concat([Buffer.from([tag, ...length]), content])
}
const bytes = (hex: string) => Buffer.from(hex, 'hex')

/** A certificate of `localhost`, signed by itself (RFC 5280). */
export function selfSigned(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = der(0x30, bytes('06082a8648ce3d040302'))
  const name = der(0x30, der(0x31, der(0x30, bytes('0603550403'), der(0x0c, Buffer.from('localhost')))))
  const year = new Date().getUTCFullYear()
  const time = (shift: number) => der(0x18, Buffer.from(`${year + shift}0101000000Z`))
  const alternative = der(
    0x30,
    bytes('0603551d11'),
    der(0x04, der(0x30, der(0x82, Buffer.from('localhost')))),
  )
  const authority = der(0x30, bytes('0603551d13'), bytes('0101ff'), der(0x04, der(0x30, bytes('0101ff'))))
  const body = der(
    0x30,
    ...[der(0xa0, bytes('020102')), bytes('020101'), algorithm, name, der(0x30, time(-1), time(2)), name],
    ...[publicKey.export({ type: 'spki', format: 'der' }), der(0xa3, der(0x30, alternative, authority))],
  )
  const whole = der(0x30, body, algorithm, der(0x03, bytes('00'), sign('sha256', body, privateKey)))
  const cert = `-----BEGIN CERTIFICATE-----\n${whole.toString('base64')}\n-----END CERTIFICATE-----\n`
  return { key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(), cert }
}

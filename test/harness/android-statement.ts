/**
 * What a key of Android says of itself, by certificates that nobody has ever heard of: they name a list of those that were
 * revoked, wherever one likes.
 */
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Statement } from './authenticator.ts'
import { cbor } from './cbor.ts'

/** Of Android's description of a key. */
const DESCRIPTION = '1.3.6.1.4.1.11129.2.1.17'
const ES256 = -7

/** DER: versions and levels, the challenge, no name, nothing enforced. */
function description(challenge: Buffer): string {
  const members = Buffer.concat([
    Buffer.from('020103' + '0a0101' + '020103' + '0a0101', 'hex'),
    ...[Buffer.from([0x04, challenge.length]), challenge, Buffer.from('0400' + '3000' + '3000', 'hex')],
  ])
  return Buffer.concat([Buffer.from([0x30, members.length]), members]).toString('hex')
}

export const androidStatement =
  (listUrl: string): Statement =>
  ({ publicKey, clientDataHash }) => {
    const folder = mkdtempSync(join(tmpdir(), 'cascata-android-'))
    const at = (name: string) => join(folder, name)
    const openssl = (...argv: readonly string[]) => execFileSync('openssl', argv, { stdio: 'pipe' })
    const read = (name: string) => cbor.bytes(new X509Certificate(readFileSync(at(name))).raw)
    try {
      writeFileSync(at('public'), publicKey.export({ type: 'spki', format: 'pem' }))
      const extensions = [
        `crlDistributionPoints=URI:${listUrl}`,
        `${DESCRIPTION}=DER:${description(clientDataHash)}`,
      ]
      writeFileSync(at('extensions'), extensions.join('\n'))
      openssl(
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
        ...['-days', '30', '-subj', '/CN=Root', '-keyout', at('root.key'), '-out', at('root')],
      )
      openssl(
        ...['x509', '-new', '-days', '30', '-subj', '/CN=Key', '-force_pubkey', at('public')],
        ...['-CA', at('root'), '-CAkey', at('root.key'), '-extfile', at('extensions'), '-out', at('leaf')],
      )
      const certificates = cbor.array(read('leaf'), read('root'))
      const signature = cbor.bytes(Buffer.from('no signature'))
      const members = { alg: cbor.negative(ES256), sig: signature, x5c: certificates }
      return { format: 'android-key', statement: cbor.map(members) }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

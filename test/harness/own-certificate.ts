/** A certificate that its owner has signed himself, for whatever names he likes. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export type OwnCertificate = { certificate: string; key: string }

const P256 = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256']

export const ownCertificate = (...names: readonly string[]): OwnCertificate =>
  ownCertificateOn(P256, ...names)

/** @param kind of its key, as `openssl req -newkey` has it. */
export function ownCertificateOn(kind: readonly string[], ...names: readonly string[]): OwnCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'cascata-own-'))
  const [key, certificate] = [join(folder, 'key'), join(folder, 'crt')]
  try {
    const argv = [
      ...['req', '-x509', '-newkey', ...kind, '-nodes'],
      ...['-days', '30', '-subj', '/CN=Own', '-keyout', key, '-out', certificate],
      ...['-addext', `subjectAltName=${names.map((name) => `DNS:${name}`).join(',')}`],
    ]
    execFileSync('openssl', argv, { stdio: 'pipe' })
    return { certificate: readFileSync(certificate, 'utf8'), key: readFileSync(key, 'utf8') }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

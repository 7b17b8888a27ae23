/** A certificate that nobody has signed: good until a real one takes its place. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

export type Certificate = { certificate: string; key: string }

const run = promisify(execFile)
const VALID_DAYS = 3650

/** @param names as certificates have them: a wildcard stands for one label. */
export async function selfSigned(names: readonly string[]): Promise<Certificate> {
  const directory = await mkdtemp(join(tmpdir(), 'cascata-certificate-'))
  try {
    const key = join(directory, 'key')
    const certificate = join(directory, 'crt')
    await run('openssl', argv(names, { key, certificate }), { timeout: 30_000 })
    return { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') }
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

function argv(names: readonly string[], out: { key: string; certificate: string }): string[] {
  const alternatives = names.map((name) => (isIP(name) === 0 ? `DNS:${name}` : `IP:${name}`))
  // The subject is fixed: a common name ends at 64 characters, and clients read only the alternative names.
  return [
    'req',
    '-x509',
    ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-sha256'],
    ...['-days', String(VALID_DAYS), '-subj', '/CN=Cascata'],
    ...['-addext', `subjectAltName=${alternatives.join(',')}`, '-addext', 'extendedKeyUsage=serverAuth'],
    ...['-keyout', out.key, '-out', out.certificate],
  ]
}

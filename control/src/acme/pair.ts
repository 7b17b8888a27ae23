/**
 * Whether a server could serve with a certificate and a key, as they are read from files. Pure.
 *
 * OpenSSL itself is asked, as nginx and PgBouncer ask it: what it refuses to load there, it refuses here.
 */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'

export type Pair = { certificate: string; key: string }

/** What is wrong with a pair of files, in words that end a sentence. */
export const PAIR_FAULTS = {
  missing: 'both files are missing',
  'certificate-missing': 'the certificate is missing',
  'key-missing': 'the key is missing',
  'no-file': 'one of the two is no file, cannot be read, or is far too large',
  shut: 'the edge may not read one of the two',
  'certificate-unreadable': 'the certificate cannot be read',
  'key-unreadable': 'the key cannot be read',
  mismatched: 'the key belongs to another certificate',
  unusable: 'OpenSSL does not serve with this certificate or key: it is too weak, or of an unknown kind',
  refused: 'nginx does not take it, and its log says why',
  foreign: 'the certificate is another one than was written',
} as const
export type PairFault = keyof typeof PAIR_FAULTS

/** `names`: all that the certificate is for. */
export type JudgedPair = { fault: PairFault } | { fault: null; names: readonly string[] }

export function judgePair({ certificate, key }: Pair): JudgedPair {
  const leaf = attempt(() => new X509Certificate(certificate))
  if (!leaf) return { fault: 'certificate-unreadable' }
  const own = attempt(() => createPrivateKey(key))
  if (!own) return { fault: 'key-unreadable' }
  if (!leaf.checkPrivateKey(own)) return { fault: 'mismatched' }
  try {
    createSecureContext({ cert: certificate, key })
  } catch (error) {
    // The first of the chain could be read, one behind it not.
    return { fault: isOfText(error) ? 'certificate-unreadable' : 'unusable' }
  }
  return { fault: null, names: namesOf(leaf) }
}

const isOfText = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && /^ERR_OSSL_(PEM|ASN1)_/.test(String(error.code))

/** With addresses, which an instance may be known by, too. */
const namesOf = ({ subjectAltName }: X509Certificate): string[] =>
  [...(subjectAltName ?? '').matchAll(/(?:^|, )(?:DNS|IP Address):([^,"]+)/g)].map(([, name = '']) =>
    name.toLowerCase(),
  )

function attempt<Result>(read: () => Result): Result | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

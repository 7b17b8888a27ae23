/** What a chain of certificates says, and whether it can serve a name. Pure, but for the clock it is given. */
import { createPrivateKey, X509Certificate } from 'node:crypto'
import {
  CertificateChainBroken,
  CertificateExpired,
  CertificateKeyMismatch,
  CertificateNameMissing,
  CertificateUnreadable,
  CertificateUnusable,
} from '@cascata/shared/problems/certificates'
import { identityOf } from './der.ts'
import { judgePair, PAIR_FAULTS } from './pair.ts'

export type ChainFacts = {
  names: readonly string[]
  issuer: string
  /** Hex. */
  serial: string
  /** Id for RFC 9773; null when the certificate names no signer's key. */
  ariId: string | null
  /** Nobody else vouches for it. */
  isSelfSigned: boolean
  notBefore: number
  notAfter: number
}

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g
const CHAIN_MAX = 10

/** @throws CertificateUnreadable */
export function readChain(text: string): X509Certificate[] {
  const pieces = text.match(PEM) ?? []
  if (pieces.length === 0) throw CertificateUnreadable('There is no certificate in PEM form.')
  if (pieces.length > CHAIN_MAX) throw CertificateUnreadable(`A chain has at most ${CHAIN_MAX} certificates.`)
  return pieces.map((piece, at) => {
    try {
      return new X509Certificate(piece)
    } catch (error) {
      throw CertificateUnreadable(`Certificate ${at + 1} cannot be read.`).because(error)
    }
  })
}

/** The chain as it was meant, without what stood between and around its certificates. */
export const tidyChain = (text: string): string =>
  readChain(text)
    .map((certificate) => certificate.toString())
    .join('')

export function factsOf(text: string): ChainFacts {
  const [leaf] = readChain(text)
  if (!leaf) throw CertificateUnreadable('There is no certificate in PEM form.')
  const { serial, authorityKeyId } = identityOf(leaf.raw)
  return {
    names: namesOf(leaf),
    issuer: issuerOf(leaf),
    serial: leaf.serialNumber.toLowerCase(),
    ariId: authorityKeyId && `${authorityKeyId.toString('base64url')}.${serial.toString('base64url')}`,
    isSelfSigned: isSignedBy(leaf, leaf),
    notBefore: Date.parse(leaf.validFrom),
    notAfter: Date.parse(leaf.validTo),
  }
}

const namesOf = ({ subjectAltName }: X509Certificate): string[] =>
  [...(subjectAltName ?? '').matchAll(/(?:^|, )DNS:([^,"]+)/g)].map(([, name = '']) => name.toLowerCase())

const issuerOf = ({ issuer }: X509Certificate): string => {
  const part = (key: string) => new RegExp(`^${key}=(.+)$`, 'm').exec(issuer)?.[1]
  return part('CN') ?? part('O') ?? 'unknown'
}

/** RFC 6125: a wildcard stands for one label, the first. */
export const covers = (names: readonly string[], name: string): boolean =>
  names.includes(name) || names.includes(name.replace(/^[^.]+/, '*'))

/** Twice as long a key takes eight times as long for each handshake, and every tenant's handshakes share two processors. */
const RSA_BITS_MAX = 4096

/** Whether this pair can serve the name, now. @throws the problem of what is wrong with it */
export function checkUpload(
  upload: { certificate: string; key: string },
  { name, now }: { name: string; now: number },
): ChainFacts {
  const chain = readChain(upload.certificate)
  const [leaf] = chain
  const facts = factsOf(upload.certificate)
  if (!leaf?.checkPrivateKey(readKey(upload.key))) throw CertificateKeyMismatch()
  chain.forEach((certificate, at) => {
    const next = chain[at + 1]
    if (next && !isSignedBy(certificate, next)) throw CertificateChainBroken(at + 1, at + 2)
  })
  if (!covers(facts.names, name)) throw CertificateNameMissing(name, facts.names)
  if (facts.notAfter <= now || facts.notBefore > now)
    throw CertificateExpired(new Date(facts.notBefore), new Date(facts.notAfter))
  const { fault } = judgePair(upload)
  if (fault !== null) throw CertificateUnusable(capitalized(`${PAIR_FAULTS[fault]}.`))
  const bits = leaf.publicKey.asymmetricKeyDetails?.modulusLength ?? 0
  if (bits > RSA_BITS_MAX)
    throw CertificateUnusable(`The key has ${bits} bits of RSA: more than ${RSA_BITS_MAX} are refused.`)
  return facts
}

const capitalized = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

const isSignedBy = (certificate: X509Certificate, by: X509Certificate): boolean =>
  certificate.checkIssued(by) && certificate.verify(by.publicKey)

function readKey(text: string) {
  try {
    return createPrivateKey(text)
  } catch (error) {
    throw CertificateUnreadable('The key cannot be read: it must be PEM, without a passphrase.').because(
      error,
    )
  }
}

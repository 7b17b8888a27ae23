/** What can go wrong with certificates. */
import { problem } from '../problem.ts'

export const CertificateNotFound = problem('certificate-not-found', {
  status: 404,
  title: 'Certificate not found',
  detail: () => 'There is no such certificate.',
  hint: 'List what there is with GET /v1/certificates.',
})

export const CertificateUnreadable = problem('certificate-unreadable', {
  status: 422,
  title: 'Certificate or key cannot be read',
  detail: (reason: string) => reason,
  hint: 'Send the certificate with its chain, and its private key, both in PEM form.',
})

export const CertificateKeyMismatch = problem('certificate-key-mismatch', {
  status: 422,
  title: 'Key belongs to another certificate',
  detail: () => 'The private key is not that of the first certificate.',
  hint: 'The first certificate must be that of the name, and the key the one it was asked for with.',
})

export const CertificateChainBroken = problem('certificate-chain-broken', {
  status: 422,
  title: 'Chain is broken',
  detail: (signed: number, by: number) => `Certificate ${signed} is not signed by certificate ${by}.`,
  hint: 'The order is: the certificate, then the one that signed it, and so on.',
})

export const CertificateNameMissing = problem('certificate-name-missing', {
  status: 422,
  title: 'Certificate is for other names',
  detail: (name: string, names: readonly string[]) =>
    `The certificate is for ${names.slice(0, 10).join(', ') || 'no name'}, not for ${name}.`,
})

export const CertificateExpired = problem('certificate-expired', {
  status: 422,
  title: 'Certificate is not valid now',
  detail: (from: Date, to: Date) =>
    `The certificate is valid from ${from.toISOString()} to ${to.toISOString()}.`,
})

export const CertificateUnusable = problem('certificate-unusable', {
  status: 422,
  title: 'Certificate cannot be served with',
  detail: (reason: string) => reason,
  hint: 'Use a key of a usual kind: RSA of 2048 to 4096 bits, or ECDSA on P-256 or P-384.',
})

/** Of one that was good when it was stored. */
export const CertificateDamaged = problem('certificate-damaged', {
  status: 500,
  title: 'Certificate is damaged',
  detail: (fault: string, remedy: string) => `Its files do not serve: ${fault}. ${remedy}`,
})

export const CertificateRefused = problem('certificate-refused', {
  status: 502,
  title: 'The certificate authority refused',
  detail: (type: string, detail: string) => `${type}: ${detail}`.slice(0, 500),
  hint: 'It is tried again by itself; the name must lead to this server, and port 80 be reachable from outside.',
})

export const AuthorityUnreachable = problem('authority-unreachable', {
  status: 502,
  title: 'The certificate authority does not answer',
  detail: () => 'The certificate authority could not be reached, or answered with something unknown.',
  hint: 'It is tried again by itself; control must reach the authority over HTTPS.',
})

export const CertificateLimitReached = problem('certificate-limit-reached', {
  status: 429,
  title: 'Limit of the certificate authority reached',
  detail: (limit: string, from: Date) =>
    `Asking now would go beyond the authority's limit ${limit}; it is asked at ${from.toISOString()}.`,
})

export const DnsProviderFailed = problem('dns-provider-failed', {
  status: 502,
  title: 'The DNS provider refused',
  detail: (provider: string, reason: string) => `${provider}: ${reason}`.slice(0, 500),
  hint: 'Look at what was set with PUT /v1/dns-provider: the credentials, and whether they may change the zone.',
})

export const DnsProviderMissing = problem('dns-provider-missing', {
  status: 404,
  title: 'No DNS provider is set',
  detail: () => 'This instance has no DNS provider: it can show by HTTP alone that a name is its own.',
  hint: 'Set one with PUT /v1/dns-provider.',
})

export const DnsRecordUnseen = problem('dns-record-unseen', {
  status: 502,
  title: 'The TXT record is not everywhere yet',
  detail: (lacking: readonly string[]) =>
    lacking.length > 0
      ? `These servers of the zone did not show the TXT record in time: ${lacking.slice(0, 8).join(', ')}.`
      : 'No server of the zone could be asked whether it shows the TXT record.',
  hint: 'The authority was told to look all the same. Raise propagation_seconds if the servers only need longer.',
})

export const ProofLeft = problem('proof-left', {
  status: 502,
  title: 'A proof could not be taken down',
  detail: (places: readonly string[], reason: string) =>
    `The order is over, and this still stands: ${places.slice(0, 4).join(', ')}. ${reason}`.slice(0, 600),
  hint: 'It is tried again by itself, and no certificate waits for it; look at what may delete records.',
})

export const CertificateUploaded = problem('certificate-uploaded', {
  status: 409,
  title: 'An uploaded certificate serves',
  detail: (name: string) =>
    `${name} is served with a certificate that was uploaded: one of the authority's would serve nobody.`,
  hint: 'Upload its successor, or remove it: then the authority is asked.',
})

export const AcmeOff = problem('acme-off', {
  status: 409,
  title: 'Certificates are not asked for',
  detail: () => 'This instance asks no certificate authority: none is set.',
  hint: 'Set CASCATA_ACME_EMAIL, or CASCATA_ACME_DIRECTORY, and start control anew.',
})

/** A certificate authority as we need it: RFC 8555, and RFC 9773 where it has that. The adapter alone knows how it is asked. */

export type AcmeError = { type: string; detail: string }

export type AcmeOrder = {
  url: string
  status: 'pending' | 'ready' | 'processing' | 'valid' | 'invalid'
  /** URLs. */
  authorizations: readonly string[]
  finalize: string
  certificate: string | null
  error: AcmeError | null
  /** What the authority asks us to wait before looking again. */
  retryAfterMs: number | null
}

/** Where a certificate is from. */
export type CertificateSource = 'acme' | 'upload'

export type ChallengeType = 'http-01' | 'dns-01'

export type AcmeChallenge = {
  type: string
  url: string
  token: string
  status: 'pending' | 'processing' | 'valid' | 'invalid'
  error: AcmeError | null
}

export type AcmeAuthorization = {
  url: string
  /** Without `*.` */
  host: string
  status: 'pending' | 'valid' | 'invalid' | 'deactivated' | 'expired' | 'revoked'
  challenges: readonly AcmeChallenge[]
  retryAfterMs: number | null
}

/** When the authority suggests to renew; epoch milliseconds. */
export type RenewalWindow = { startMs: number; endMs: number; retryAfterMs: number | null }

export type AcmeClient = {
  /** Registers our key, or finds the account it has. @returns its URL */
  account(): Promise<string>
  /** `replaces` is the certificate's ARI id; an authority that knows none is not told. */
  newOrder(names: readonly string[], replaces: string | null): Promise<AcmeOrder>
  /** An order of ours for just these names that still waits for us; undefined where the authority keeps no list. */
  findOrder(names: readonly string[]): Promise<AcmeOrder | undefined>
  order(url: string): Promise<AcmeOrder>
  authorization(url: string): Promise<AcmeAuthorization>
  /** What shows that a challenge is ours: a file's content for `http-01`, a TXT record's for `dns-01`. */
  proofOf(challenge: { type: ChallengeType; token: string }): Promise<string>
  /** The proof stands: look. */
  answer(challengeUrl: string): Promise<void>
  finalize(url: string, csr: string): Promise<void>
  /** PEM: the certificate first, then what it is signed by. */
  certificate(url: string): Promise<string>
  /** Undefined: this authority suggests nothing. */
  renewalWindow(certificateId: string): Promise<RenewalWindow | undefined>
}

/** The authority said no. Anything else that is thrown means that it was not reached or spoke nonsense. */
export class AcmeRefused extends Error {
  override readonly name = 'AcmeRefused'
  readonly status: number
  /** The last part of the URN: `rateLimited`, `malformed`, `orderNotReady`, ... */
  readonly type: string
  readonly retryAfterMs: number | null

  constructor(refusal: { status: number; type: string; detail: string; retryAfterMs: number | null }) {
    super(refusal.detail)
    this.status = refusal.status
    this.type = refusal.type
    this.retryAfterMs = refusal.retryAfterMs
  }
}

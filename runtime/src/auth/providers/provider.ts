/** What the rest of auth knows of an identity provider. */

export type ProviderUser = {
  /** The provider's own id of the person. */
  sub: string
  email: string | null
  /** Only with the provider's own evidence: whoever is verified is let into the account of that address. */
  emailVerified: boolean
  phone?: string
  /** For `identity_data` and `user_metadata`, under GoTrue's names. */
  claims: Record<string, unknown>
}

export type AuthorizeInput = {
  state: string
  redirectUri: string
  scopes: readonly string[]
  /** Passed on, as far as it is not the flow's own. */
  query: Readonly<Record<string, string>>
  nonce: string
  codeChallenge: string
}

export type ExchangeInput = {
  code: string
  redirectUri: string
  codeVerifier: string
  nonce: string
  /** `iss` of the answer (RFC 9207). */
  issuer: string | null
  /** `user` of the answer: what the provider has the browser say, signed by nobody. */
  user: string | null
}

export type IdTokenInput = { idToken: string; accessToken: string | null; nonce: string | null }

export type Provider = {
  name: string
  authorizeUrl(input: AuthorizeInput): Promise<string>
  /** @throws ProviderFailed, ProviderNotSetUp */
  exchange(
    input: ExchangeInput,
    signal: AbortSignal,
  ): Promise<{ user: ProviderUser; accessToken: string; refreshToken: string | null }>
  /** Of an ID token that an app got by itself. @throws IdTokenRefused, ProviderFailed */
  fromIdToken?(input: IdTokenInput, signal: AbortSignal): Promise<ProviderUser>
}

export type Providers = { find(name: string): Provider | undefined; names(): string[] }

/** One entry of `external` in the auth settings. */
export type ProviderSettings = {
  enabled: boolean
  /** The first is sent; ID tokens may be for any. */
  clientIds: readonly string[]
  secret: string | null
  url: string | null
  skipNonceCheck: boolean
  scopes: readonly string[]
  issuer?: string | undefined
}

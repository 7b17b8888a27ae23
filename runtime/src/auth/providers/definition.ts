/** What tells one provider from another: data, and how its words are read. */
import type { Reach } from '../outbound.ts'
import type { Json, Person } from './person.ts'

export type Endpoints = {
  issuer: string
  /** Other names the provider gives itself in ID tokens. */
  aliases?: readonly string[]
  /** Where its description is, when not below the issuer. */
  discovery?: string
  /** As it names itself in its answer to the browser (RFC 9207), where that is another name. */
  callbackIssuer?: string
  /** Where not all is told: `<issuer>/.well-known/openid-configuration` has the rest. */
  authorize?: string
  token?: string
  jwks?: string
  profile?: string
  emails?: string
  /** Where all of it may lie; anywhere unless said. */
  reach?: Reach
}

export type Definition = {
  /** Or what the settings lack. */
  endpoints(settings: { url: string | null; issuer?: string | undefined }): Endpoints | { missing: string }
  scopes: readonly string[]
  authorizeParameters?: Readonly<Record<string, string>>
  clientAuthentication?: 'basic' | 'post'
  /** Sent to every provider but those that stumble over it. */
  pkce?: false
  /** Asked for in the ID token, where the provider gives it back. */
  nonce?: false
  /** Beside the access token, where the profile is asked for. */
  profileQuery?(access: { token: string; secret: string }): Record<string, string>
  profileHeaders?(clientId: string): Record<string, string>
  /** Where the issuer depends on who signs in. Undefined: nobody's. */
  issuerOf?(endpoints: Endpoints, claims: Json): string | undefined
  /** Of an ID token; OpenID Connect's standard claims where it is not told. */
  readClaims?(issuer: string, claims: Json): Person
  /** What the answer to the browser says beside the ID token. Nobody signed it: a name, and never an address. */
  readAnswer?(user: Json): Pick<Person, 'name'>
  /** Of the profile, where there is no ID token in the flow. */
  readProfile?(issuer: string, profile: Json, emails: readonly Json[]): Person
}

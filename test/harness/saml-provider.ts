/** For tests over the wire: an identity provider with a key of its own, a browser that signs in there, and answers made by hand. */
import { inflateRawSync } from 'node:zlib'
import { type IdpHarness, type PostedForm, signInAt, startIdp } from '@cascata/runtime/auth/saml/idp-harness'
import {
  type Crafted,
  craftMetadata,
  craftResponse,
  type IdpKey,
  makeIdpKey,
  signResponse,
} from '@cascata/runtime/auth/saml/responses-harness'

export { craftMetadata, type IdpKey, makeIdpKey }

export type IdentityProvider = IdpHarness & {
  /** @returns the form that the browser would post. */
  signIn(url: string, login: string): Promise<PostedForm>
}

export async function startIdentityProvider(): Promise<IdentityProvider> {
  return { ...(await startIdp(makeIdpKey())), signIn: signInAt }
}

export type Answering = {
  /** Of the project, up to and with `/auth/v1`. */
  base: string
  entityId: string
  key: IdpKey
  at: Date
}

/** What a browser would bring to the project, of a provider that runs nowhere. */
export function craftForm(
  { base, entityId, key, at }: Answering,
  crafted: Partial<Crafted>,
): Record<string, string> {
  const xml = craftResponse({
    ...{ issuer: entityId, audience: `${base}/sso/saml/metadata`, recipient: `${base}/sso/saml/acs`, at },
    ...{ nameId: 'ada', attributes: { mail: 'ada@example.com' }, inResponseTo: null },
    ...crafted,
  })
  return { SAMLResponse: Buffer.from(signResponse(xml, key)).toString('base64') }
}

/** Of the page at the provider to which the project sends: what its answer must have. */
export function askedIn(page: string): { requestId: string; relayState: string } {
  const { searchParams } = new URL(page)
  const packed = Buffer.from(searchParams.get('SAMLRequest') ?? '', 'base64')
  const requestId = /\sID="([^"]+)"/.exec(inflateRawSync(packed).toString())?.[1] ?? ''
  return { requestId, relayState: searchParams.get('RelayState') ?? '' }
}

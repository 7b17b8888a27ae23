/** For tests: an answer that is right, one that is signed by whom it should be, and what reading it comes to. */
import type { Assertion } from './assertion.ts'
import { SamlRefused } from './refused.ts'
import { readResponse } from './response.ts'
import { type Crafted, craftResponse, makeIdpKey, type Signing, signResponse } from './responses-harness.ts'

export const KEY = makeIdpKey()
export const OTHER = makeIdpKey()
export const NOW = new Date('2030-05-06T07:08:09.000Z')
export const seconds = (count: number) => new Date(NOW.getTime() + count * 1000)

export const GOOD: Crafted = {
  ...{ issuer: 'https://idp.example/entity', audience: 'https://p.example/auth/v1/sso/saml/metadata' },
  ...{ recipient: 'https://p.example/auth/v1/sso/saml/acs', inResponseTo: 'id-1', at: NOW },
  ...{ nameId: 'ada', attributes: { mail: 'ada@example.com', groups: ['one', 'two'] } },
}

export const read = (
  xml: string,
  more: { certificates?: string[]; requestId?: string | null; now?: Date } = {},
) =>
  readResponse(xml, {
    ...{ certificates: [KEY.certificate], issuer: GOOD.issuer, audience: GOOD.audience ?? '' },
    ...{ recipient: GOOD.recipient ?? '', requestId: 'id-1', now: NOW, ...more },
  })

export const signed = (crafted: Partial<Crafted> = {}, signing: Signing = {}, key = KEY) =>
  signResponse(craftResponse({ ...GOOD, ...crafted }), key, signing)

/** As a sentence: what it says, or why it says nothing. */
export const outcome = async (reading: Promise<Assertion>): Promise<string> =>
  reading.then(
    ({ nameId }) => `is ${nameId?.value}`,
    (error: unknown) => {
      if (error instanceof SamlRefused) return error.message
      throw error
    },
  )

/** `<saml:Assertion ...>...</saml:Assertion>`, and the like. */
export const cut = (xml: string, name: string): string => {
  const found = new RegExp(`<${name}[ >].*</${name}>`, 's').exec(xml)?.[0]
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found
}

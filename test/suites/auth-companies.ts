/** Companies with an identity provider that runs nowhere: what it would answer is made by hand, each there for one attempt. */
import { randomUUID } from 'node:crypto'
import type { AuthPlace } from '../harness/auth-place.ts'
import { askedIn, craftForm, craftMetadata, type IdpKey, makeIdpKey } from '../harness/saml-provider.ts'
import { createSso } from '../harness/sso.ts'

type Wish = { type: 'saml'; metadata_xml: string; domains?: string[] }
export type Company = { id: string; entityId: string; wish: Wish }
type Crafted = Parameters<typeof craftForm>[1]

let madeKey: IdpKey | undefined
const key = (): IdpKey => {
  madeKey ??= makeIdpKey()
  return madeKey
}

/** @param auth asked at each call: it starts after the tests are read. */
export function createCompanies(auth: () => AuthPlace) {
  const sso = createSso(auth)
  const newDomain = () => `company-${randomUUID().slice(0, 13)}.example`
  const newWish = (entityId = `https://${newDomain()}`): Wish => {
    const described = { entityId, signInUrl: 'https://idp.example/sso', certificates: [key().certificate] }
    return { type: 'saml', metadata_xml: craftMetadata(described) }
  }

  const bring = ({ entityId }: Company, crafted: Crafted, relayState: string): Promise<URL> => {
    const by = { base: `${auth().url}/auth/v1`, entityId, key: key(), at: new Date(auth().now()) }
    const form = craftForm(by, { assertionId: `_${randomUUID()}`, ...crafted })
    return sso.post({ ...form, ...(relayState !== '' && { RelayState: relayState }) })
  }
  const begin = async ({ id }: Company) => askedIn(await sso.begin(auth().client(), { providerId: id }))

  return {
    ...{ admin: sso.admin, codeOf: sso.codeOf, enter: sso.enter, begin, bring, newDomain, newWish },
    async refused(method: string, path: string, body: object): Promise<string> {
      const answer = await sso.admin(method, path, body)
      return `${answer.status} ${answer.body.error_code}`
    },
    /** The suites share a project: it goes away again. */
    async with(more: { domains?: string[] }, attempt: (one: Company) => Promise<string>): Promise<string> {
      const entityId = `https://${newDomain()}`
      const wish = { ...newWish(entityId), ...more }
      const id = await sso.provider(wish)
      try {
        return await attempt({ id, entityId, wish })
      } finally {
        await sso.admin('DELETE', `/${id}`)
      }
    },
    /** Its answer to a sign-in that began here, but for what is said. */
    async answer(one: Company, crafted: Crafted): Promise<URL> {
      const { requestId, relayState } = await begin(one)
      return bring(one, { inResponseTo: requestId, ...crafted }, relayState)
    },
  }
}

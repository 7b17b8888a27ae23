/** `/sso`: sign-in by way of a company's identity provider. */
import { z } from 'zod'
import { isUuid } from '../access.ts'
import { type Context, nowOf } from '../context.ts'
import { ValidationFailed } from '../errors.ts'
import { parseChallenge } from '../flow.ts'
import { assertHuman } from '../guard.ts'
import {
  type AuthAnswer,
  type AuthRequest,
  bodyOf,
  flowShape,
  ok,
  optionalText,
  redirect,
} from '../request.ts'
import { redirectOf } from '../return-to.ts'
import { describe } from '../saml/service-provider.ts'
import { arriveSso } from '../sso/arrive.ts'
import { departSso, ownServiceProvider } from '../sso/depart.ts'
import { SsoDomainNotFound, SsoProviderNotFound } from '../sso/errors.ts'
import type { Db } from '../store/rows.ts'
import { findSsoProvider, findSsoProviderByDomain, type SsoProviderRow } from '../store/sso.ts'

const Wish = z.object({
  ...{ provider_id: optionalText, domain: optionalText, redirect_to: optionalText },
  ...{ skip_http_redirect: z.boolean().nullish(), ...flowShape },
})

export async function postSso(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  ownServiceProvider(context)
  const body = bodyOf(request, Wish)
  await assertHuman(context, request, body.gotrue_meta_security)
  const challenge = parseChallenge(body)
  const provider = await providerOf(await context.sql(), body)
  const redirectTo = redirectOf(context, request, body.redirect_to)
  const url = await departSso(context, { provider, redirectTo, challenge })
  return body.skip_http_redirect ? ok({ url }) : redirect(url)
}

/** @throws SsoProviderNotFound, SsoDomainNotFound, ValidationFailed */
async function providerOf(
  db: Db,
  { provider_id: id, domain }: z.infer<typeof Wish>,
): Promise<SsoProviderRow> {
  if (id !== undefined && domain !== undefined)
    throw ValidationFailed('Only one of provider_id and domain can be given')
  if (id !== undefined) {
    if (!isUuid(id)) throw ValidationFailed('provider_id must be a UUID')
    const found = await findSsoProvider(db, id)
    if (!found) throw SsoProviderNotFound()
    return found
  }
  if (domain === undefined) throw ValidationFailed('A provider_id or a domain must be given')
  const found = await findSsoProviderByDomain(db, domain.trim())
  if (!found) throw SsoDomainNotFound()
  return found
}

/** A copy that is uploaded somewhere is good for so long, as with GoTrue. */
const COPY_YEARS = 5

export function getSamlMetadata(context: Context, { query }: AuthRequest): AuthAnswer {
  const own = ownServiceProvider(context)
  const isCopy = query.get('download') === 'true'
  const until = nowOf(context)
  until.setUTCFullYear(until.getUTCFullYear() + COPY_YEARS)
  return {
    status: 200,
    headers: [
      ['content-type', 'application/xml'],
      ['cache-control', 'public, max-age=600'],
      ...(isCopy ? [['content-disposition', 'attachment; filename="metadata.xml"'] as const] : []),
    ],
    text: describe(own, isCopy ? until : undefined),
  }
}

export async function postSamlAcs(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const form = new URLSearchParams(request.body?.toString('utf8'))
  const posted = { response: form.get('SAMLResponse'), relayState: form.get('RelayState') }
  return redirect(await arriveSso(context, posted, request))
}

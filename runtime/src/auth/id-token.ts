/** Sign-in with an ID token that an app got by itself, from the provider's own library. */
import { z } from 'zod'
import { personOf } from './access.ts'
import type { Context } from './context.ts'
import { findProvider } from './custom/providers.ts'
import { LinkingDisabled, ProviderDisabled, ValidationFailed } from './errors.ts'
import { accountOf, isStillLinked, linkTo, welcomeExternal } from './external.ts'
import { assertHuman } from './guard.ts'
import { type AuthRequest, bodyOf, flowShape, optionalText } from './request.ts'
import { redirectOf } from './return-to.ts'
import type { SessionView } from './session-view.ts'
import { sessionAfter } from './sign-in.ts'
import { askForProof } from './unproven.ts'

const Body = z.object({
  ...{ provider: optionalText, client_id: optionalText, issuer: optionalText, id_token: optionalText },
  ...{ access_token: optionalText, nonce: optionalText, link_identity: z.boolean().nullish() },
  ...flowShape,
})

export async function signInWithIdToken(context: Context, request: AuthRequest): Promise<SessionView> {
  const body = bodyOf(request, Body)
  await assertHuman(context, request, body.gotrue_meta_security)
  if (body.id_token === undefined) throw ValidationFailed('id_token required')
  const name = body.provider ?? providerOf(context, body)
  if (name === undefined) throw ValidationFailed('provider or client_id and issuer required')
  const found = await findProvider(context, name)
  if (!found?.provider.fromIdToken) throw ProviderDisabled(name)
  const { id_token: idToken, access_token: accessToken = null, nonce = null } = body
  const person = await found.provider.fromIdToken({ idToken, accessToken, nonce }, request.signal)
  const vouched = { provider: name, person, request, emailOptional: found.emailOptional }
  const welcomed = body.link_identity ? {} : await welcomeExternal(context, vouched)
  if (!body.link_identity)
    await askForProof(context, { ...vouched, ...welcomed }, redirectOf(context, request))
  const signIn = { method: 'oauth' as const, request, stillHolds: isStillLinked(vouched) }
  return sessionAfter(context, signIn, async (tx) => {
    if (!body.link_identity) return accountOf(context, tx, { ...vouched, ...welcomed })
    if (!context.project.settings().manualLinking) throw LinkingDisabled()
    const { user, session } = await personOf(context, tx, request)
    return linkTo(context, tx, { userId: user.id, by: session.id, vouched })
  })
}

/** The one of the settings with this issuer, for this client. */
function providerOf(
  { project }: Context,
  body: { client_id?: string | undefined; issuer?: string | undefined },
) {
  const { client_id: client, issuer } = body
  if (client === undefined || issuer === undefined) return undefined
  const found = Object.entries(project.settings().external).find(
    ([, one]) => one.issuer === issuer && one.clientIds.includes(client),
  )
  return found?.[0]
}

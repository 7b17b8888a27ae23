/** `/authorize`, `/callback`, and the identities of who is signed in. */
import { isUuid, lockPerson, personOf } from '../access.ts'
import { type Context, within } from '../context.ts'
import { IdentityNotFound, LinkingDisabled, SingleIdentity } from '../errors.ts'
import { parseChallenge } from '../flow.ts'
import { comeBack, type Departure, depart } from '../oauth.ts'
import { type AuthAnswer, type AuthRequest, ok, redirect } from '../request.ts'
import { redirectOf } from '../return-to.ts'
import { SsoManaged } from '../sso/errors.ts'
import { listIdentities } from '../store/identities.ts'
import { unlink } from '../unlink.ts'

/** Ours: everything else of the query is the provider's. */
const OWN = new Set([
  ...['provider', 'redirect_to', 'scopes', 'code_challenge', 'code_challenge_method', 'skip_http_redirect'],
  ...['apikey', 'invite_token', 'flow_type'],
])

async function departureOf(
  context: Context,
  { request, linking }: { request: AuthRequest; linking: Departure['linking'] },
): Promise<string> {
  const { query } = request
  const given = (name: string) => query.get(name) ?? undefined
  const challenge = parseChallenge({
    ...{ code_challenge: given('code_challenge'), code_challenge_method: given('code_challenge_method') },
  })
  const scopes = (given('scopes') ?? '').split(/[ ,]+/).filter(Boolean)
  const more = Object.fromEntries([...query].filter(([name]) => !OWN.has(name)))
  return depart(context, {
    ...{ provider: given('provider') ?? '', redirectTo: redirectOf(context, request), challenge, scopes },
    ...{ query: more, linking },
  })
}

const wantsUrl = ({ query }: AuthRequest) => query.get('skip_http_redirect') === 'true'

export async function getAuthorize(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const url = await departureOf(context, { request, linking: null })
  return wantsUrl(request) ? ok({ url }) : redirect(url, 302)
}

/** Some providers come back with a form. */
export async function callback(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const form = request.method === 'POST' ? new URLSearchParams(request.body?.toString('utf8')) : request.query
  const back = {
    ...{ state: form.get('state'), code: form.get('code') },
    ...{ error: form.get('error'), description: form.get('error_description') },
    // In an address anybody could write it, and it would stand in logs.
    ...{ issuer: form.get('iss'), user: request.method === 'POST' ? form.get('user') : null },
  }
  return redirect(await comeBack(context, back, request), request.method === 'POST' ? 303 : 302)
}

/** @throws LinkingDisabled, SsoManaged */
export async function getLinkIdentity(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  if (!context.project.settings().manualLinking) throw LinkingDisabled()
  const { user, session } = await personOf(context, await context.sql(), request)
  if (user.is_sso_user) throw SsoManaged()
  const url = await departureOf(context, { request, linking: { userId: user.id, sessionId: session.id } })
  return wantsUrl(request) ? ok({ url }) : redirect(url, 302)
}

/** Whoever signs in with what is gone is out. @throws LinkingDisabled, IdentityNotFound, SingleIdentity, EmailConflict */
export async function deleteIdentity(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  if (!context.project.settings().manualLinking) throw LinkingDisabled()
  const [id] = request.params
  await within(context, async (tx) => {
    const { user, session } = await lockPerson(context, tx, request)
    const all = await listIdentities(tx, user.id)
    const gone = all.find((identity) => isUuid(id) && identity.id === id)
    if (!gone) throw IdentityNotFound()
    if (all.length <= 1) throw SingleIdentity()
    const left = all.filter((identity) => identity.id !== gone.id)
    await unlink(context, tx, { user, session, gone, left, request })
  })
  return ok({})
}

/** `/oauth/...`: applications ask, the site's page shows and answers; and how the server describes itself. */
import { z } from 'zod'
import { bearerOf } from '../access.ts'
import { beginAuthorization } from '../authorization/authorize.ts'
import { userinfoClaims } from '../authorization/claims.ts'
import { clientView, registerClient } from '../authorization/clients.ts'
import { decideAuthorization, showAuthorization } from '../authorization/consent.ts'
import { RegistrationOff } from '../authorization/errors.ts'
import { assertOAuthServerOn, serverMetadata } from '../authorization/metadata.ts'
import { Registration } from '../authorization/registration.ts'
import { scopesOf } from '../authorization/scopes.ts'
import type { Context } from '../context.ts'
import { AuthFailure, ValidationFailed } from '../errors.ts'
import { type AuthAnswer, type AuthRequest, bodyOf, ok, redirect } from '../request.ts'

export function getServerMetadata(context: Context): AuthAnswer {
  assertOAuthServerOn(context)
  return { ...ok(serverMetadata(context)), headers: [['cache-control', 'public, max-age=600']] }
}

/** By form, too: questions may be long (OpenID Connect Core, 3.1.2.1). */
export async function authorize(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOAuthServerOn(context)
  const isForm = request.method === 'POST'
  const params = isForm ? new URLSearchParams(request.body?.toString('utf8') ?? '') : request.query
  return redirect(await beginAuthorization(context, params), isForm ? 303 : 302)
}

export async function getAuthorization(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOAuthServerOn(context)
  return ok(await showAuthorization(context, request.params[0] ?? '', request))
}

const Consent = z.object({ action: z.unknown() })

export async function postConsent(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOAuthServerOn(context)
  const { action } = bodyOf(request, Consent)
  if (action !== 'approve' && action !== 'deny') throw ValidationFailed("action must be 'approve' or 'deny'")
  return ok(await decideAuthorization(context, { id: request.params[0] ?? '', action }, request))
}

/** A person's own token says no more than who it is. */
export async function userinfo(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOAuthServerOn(context)
  const { user, session } = await bearerOf(context, await context.sql(), request)
  const granted = scopesOf(session.scopes)
  const { scope } = request.session.claims
  const ofToken = typeof scope === 'string' ? scopesOf(scope) : granted
  const scopes = granted.filter((each) => ofToken.includes(each))
  return ok(userinfoClaims(user, scopes))
}

/** Failures have the members of RFC 7591 (3.2.2) beside GoTrue's. */
export async function postRegistration(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOAuthServerOn(context)
  if (!context.project.settings().oauthServer.allowDynamicRegistration) throw RegistrationOff()
  try {
    const { client, secret } = await registerClient(context, bodyOf(request, Registration), 'dynamic')
    const expiry = secret === undefined ? {} : { client_secret_expires_at: 0 }
    return { status: 201, json: { ...clientView(client, secret), ...expiry } }
  } catch (error) {
    if (!(error instanceof AuthFailure) || error.status !== 400) throw error
    const { code, status, message } = error
    const isUri = message.startsWith('redirect_uris')
    const named = isUri ? 'invalid_redirect_uri' : 'invalid_client_metadata'
    throw new AuthFailure(code, status, message, { error: named, error_description: message })
  }
}

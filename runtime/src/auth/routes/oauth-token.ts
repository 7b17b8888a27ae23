/** `POST /oauth/token`, which speaks to applications: RFC 6749 in what it takes and in how it fails. */
import { authenticateClient, type KnownClient, readClient } from '../authorization/authenticate.ts'
import { asOAuthRefusal, type OAuthRefusal, oauthRefusal } from '../authorization/errors.ts'
import { type Form, grantByCode, grantByRefreshToken, type Tokens } from '../authorization/grants.ts'
import { assertOAuthServerOn } from '../authorization/metadata.ts'
import type { Context } from '../context.ts'
import { type AuthAnswer, type AuthRequest, ok } from '../request.ts'
import { listOf } from '../store/oauth-clients.ts'

type Grant = (
  context: Context,
  asked: { known: KnownClient; form: Form },
  request: AuthRequest,
) => Promise<Tokens>

const GRANTS: Readonly<Record<string, Grant>> = {
  authorization_code: grantByCode,
  refresh_token: grantByRefreshToken,
}

export async function postOAuthToken(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOAuthServerOn(context)
  try {
    return ok(await tokensFor(context, request))
  } catch (error) {
    const refusal = asOAuthRefusal(error)
    if (refusal === undefined) throw error
    return answerOf(refusal, request)
  }
}

async function tokensFor(context: Context, request: AuthRequest): Promise<Tokens> {
  const form = formOf(request)
  const type = form.get('grant_type')
  if (type === undefined) throw oauthRefusal('invalid_request', 'grant_type is required')
  const known = await authenticateClient(await context.sql(), readClient(request, form))
  const grant = Object.hasOwn(GRANTS, type) ? GRANTS[type] : undefined
  if (!grant)
    throw oauthRefusal('unsupported_grant_type', 'grant_type must be authorization_code or refresh_token')
  if (!listOf(known.client.grant_types).includes(type))
    throw oauthRefusal('unauthorized_client', `This client may not use ${type}`)
  return grant(context, { known, form }, request)
}

/** A form; JSON too, as GoTrue takes it. What is empty is as if it were not there (RFC 6749, 3.2). */
function formOf({ headers, body }: AuthRequest): Form {
  const text = body?.toString('utf8') ?? ''
  const isJson = headers['content-type']?.includes('application/json') === true
  const pairs = isJson ? pairsOf(text) : [...new URLSearchParams(text)]
  const given = pairs.filter(([, value]) => value !== '')
  if (new Set(given.map(([name]) => name)).size < given.length)
    throw oauthRefusal('invalid_request', 'A parameter must be given once')
  return new Map(given)
}

function pairsOf(text: string): [string, string][] {
  try {
    const value: unknown = JSON.parse(text)
    return Object.entries(value ?? {}).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
  } catch {
    throw oauthRefusal('invalid_request', 'The body cannot be read')
  }
}

function answerOf({ error, status, message }: OAuthRefusal, { headers }: AuthRequest): AuthAnswer {
  const isBasic = status === 401 && headers.authorization !== undefined
  return {
    status,
    headers: [
      ['cache-control', 'no-store'],
      ...(isBasic ? [['www-authenticate', 'Basic realm="oauth"'] as const] : []),
    ],
    json: { error, error_description: message },
  }
}

/**
 * The providers a project's users may sign in with, as the settings have them now.
 *
 * It decides who somebody is at the provider; which account that is, is decided elsewhere.
 */
import { type Clock, systemClock } from '@cascata/shared/clock'
import { Problem } from '@cascata/shared/problem'
import { outboundReason, withoutSecrets } from '../outbound.ts'
import { OutboundError } from '../outbound-error.ts'
import {
  askProfile,
  assertAnsweredBy,
  authorizeUrl,
  exchangeForTokens,
  isOidc,
  type Known,
  type Tokens,
  withUserinfo,
} from './code-flow.ts'
import type { Definition } from './definition.ts'
import { DEFINITIONS, OIDC } from './definitions.ts'
import { IdTokenRefused, ProviderFailed, ProviderNotSetUp } from './errors.ts'
import {
  assertAccessToken,
  assertHashedNonce,
  assertSentNonce,
  type IdTokenRules,
  verifyIdToken,
} from './id-token.ts'
import { asRecord, type Json, type Person, toOidcPerson, toProviderUser } from './person.ts'
import type { ExchangeInput, Provider, ProviderSettings, Providers, ProviderUser } from './provider.ts'
import { openServer, type Server } from './server.ts'

/** Of identities that no provider vouches for. */
const OWN_NAMES = new Set(['email', 'phone', 'web3'])

export function createProviders(
  settings: () => Readonly<Record<string, ProviderSettings>>,
  clock: Clock = systemClock,
): Providers {
  /** Keeps what was learned of a provider as long as its settings stay. */
  const open = new Map<string, { key: string; provider: Provider }>()
  const isOffered = (name: string, { enabled, issuer }: ProviderSettings) =>
    enabled && !OWN_NAMES.has(name) && (DEFINITIONS.has(name) || issuer !== undefined)

  return {
    names: () =>
      Object.entries(settings())
        .filter(([name, one]) => isOffered(name, one))
        .map(([name]) => name),

    find(name) {
      const all = settings()
      for (const known of open.keys()) if (!Object.hasOwn(all, known)) open.delete(known)
      const one = Object.hasOwn(all, name) ? all[name] : undefined
      if (one === undefined || !isOffered(name, one)) return undefined
      const key = JSON.stringify(one)
      const kept = open.get(name)
      if (kept?.key === key) return kept.provider
      const provider = openProvider(name, { definition: DEFINITIONS.get(name) ?? OIDC, settings: one, clock })
      open.set(name, { key, provider })
      return provider
    },
  }
}

type Opening = { definition: Definition; settings: ProviderSettings; clock: Clock }

export function openProvider(name: string, { definition, settings, clock }: Opening): Provider {
  const endpoints = definition.endpoints(settings)
  if ('missing' in endpoints) return notSetUp(name, endpoints.missing)
  const known: Known = { definition, endpoints, settings }
  const server = openServer(endpoints, clock)
  const attempt = <Value>(
    work: Promise<Value>,
    { signal, sent = [] }: { signal?: AbortSignal; sent?: readonly string[] } = {},
  ): Promise<Value> =>
    work.catch((error: unknown) => {
      signal?.throwIfAborted()
      throw asProblem(error, name, [settings.secret ?? '', ...sent])
    })
  const verified = async (token: string, clientIds: readonly string[], signal: AbortSignal) =>
    verifyIdToken(token, { ...rulesOf(known, clock), clientIds, keys: await server.keys(signal) })

  const provider: Provider = {
    name,

    authorizeUrl: (input) =>
      attempt(
        (async () => {
          const { authorization_endpoint: endpoint } = await server.metadata(AbortSignal.timeout(30_000))
          if (endpoint === undefined) throw new Error('the provider says nowhere where people sign in')
          return authorizeUrl(known, endpoint, input)
        })(),
      ),

    exchange: (input, signal) =>
      attempt(
        (async () => {
          const metadata = await server.metadata(signal)
          assertAnsweredBy(known, metadata, input.issuer)
          const tokens = await exchangeForTokens(known, metadata, { input, signal })
          const user = isOidc(definition)
            ? await fromFlow(known, { tokens, input, server, signal, verified })
            : await fromProfile(known, tokens, signal)
          return { user, accessToken: tokens.accessToken, refreshToken: tokens.refreshToken }
        })().catch((error: unknown) => {
          // Here it is the provider's own, and no fault of who asked.
          throw error instanceof IdTokenRefused ? ProviderFailed(name, error.message).because(error) : error
        }),
        { signal, sent: [input.code, input.codeVerifier, input.nonce] },
      ),
  }
  if (!isOidc(definition) && endpoints.jwks === undefined) return provider

  return {
    ...provider,
    fromIdToken: ({ idToken, accessToken, nonce }, signal) =>
      attempt(
        (async () => {
          const token = await verified(idToken, settings.clientIds, signal)
          if (!settings.skipNonceCheck) assertHashedNonce(token.claims, nonce)
          assertAccessToken(token, accessToken)
          return toUser(readClaims(known, token.claims))
        })(),
        { signal, sent: [idToken, accessToken ?? '', nonce ?? ''] },
      ),
  }
}

type Flow = {
  tokens: Tokens
  input: ExchangeInput
  server: Server
  signal: AbortSignal
  verified(token: string, clientIds: readonly string[], signal: AbortSignal): ReturnType<typeof verifyIdToken>
}

async function fromFlow(known: Known, flow: Flow): Promise<ProviderUser> {
  const { tokens, input, server, signal } = flow
  const { definition, settings } = known
  if (tokens.idToken === undefined) throw new Error('the provider gave no ID token')
  // The client that asked is the only one this token may be for.
  const token = await flow.verified(tokens.idToken, settings.clientIds.slice(0, 1), signal)
  if (definition.nonce !== false) assertSentNonce(token.claims, input.nonce)
  assertAccessToken(token, tokens.accessToken)
  const { accessToken } = tokens
  const asked = { accessToken, signal, reach: known.endpoints.reach }
  const claims = await withUserinfo(token.claims, await server.metadata(signal), asked)
  return toUser({ ...readClaims(known, claims), ...saidInAnswer(known, input.user) })
}

const ANSWER_CHARACTERS_MAX = 2_000

function saidInAnswer({ definition }: Known, user: string | null): Pick<Person, 'name'> {
  if (!definition.readAnswer || user === null || user.length > ANSWER_CHARACTERS_MAX) return {}
  try {
    const { name } = definition.readAnswer(asRecord(JSON.parse(user)))
    return name ? { name } : {}
  } catch {
    return {}
  }
}

async function fromProfile(
  known: Known,
  { accessToken }: Tokens,
  signal: AbortSignal,
): Promise<ProviderUser> {
  const { definition, endpoints } = known
  const { profile, emails } = await askProfile(known, accessToken, signal)
  const person = definition.readProfile?.(endpoints.issuer, profile, emails)
  if (person === undefined) throw new Error('the provider says nothing of who it is')
  return toUser(person)
}

function readClaims({ definition }: Known, claims: Json): Person {
  return (definition.readClaims ?? toOidcPerson)(String(claims.iss), claims)
}

function toUser(person: Person): ProviderUser {
  const user = toProviderUser(person)
  if (user === undefined) throw new Error('the provider does not say who it is')
  return user
}

function rulesOf({ definition, endpoints }: Known, clock: Clock): Pick<IdTokenRules, 'issuers' | 'clock'> {
  const { issuerOf } = definition
  const fixed = [endpoints.issuer, ...(endpoints.aliases ?? [])]
  if (issuerOf === undefined) return { clock, issuers: () => fixed }
  return {
    clock,
    issuers: (claims) => {
      const issuer = issuerOf(endpoints, claims)
      return issuer === undefined ? [] : [issuer]
    },
  }
}

function notSetUp(name: string, missing: string): Provider {
  const refuse = () => Promise.reject(ProviderNotSetUp(name, missing))
  return { name, authorizeUrl: refuse, exchange: refuse }
}

/** Codes of RFC 6749 may be shown; what else a provider says is for the log, without what it was sent. */
function asProblem(error: unknown, name: string, sent: readonly string[]): Problem {
  if (error instanceof Problem) return error
  const { error: code, error_description: description, message } = Object(error) as Record<string, unknown>
  const said = [message, code, description].filter((part) => typeof part === 'string').join(': ')
  const cause = new Error(withoutSecrets(said, sent))
  const isCode = typeof code === 'string' && /^[a-z_]{1,60}$/.test(code)
  return ProviderFailed(name, isCode ? `it answered ${code}` : reasonOf(error)).because(cause)
}

export function reasonOf(error: unknown): string {
  const { name, code, cause } = Object(error) as { name?: unknown; code?: unknown; cause?: unknown }
  const isOutbound = error instanceof OutboundError || name === 'TimeoutError' || name === 'TypeError'
  if (isOutbound) return outboundReason(error)
  if (cause instanceof OutboundError) return outboundReason(cause)
  if (typeof code === 'string') return 'its answer is not as it should be'
  return error instanceof Error && name === 'Error' ? error.message : 'its answer is not as it should be'
}

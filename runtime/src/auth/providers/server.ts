/**
 * Where a provider is and what it signs with. Its description and its keys are kept for a while, those of one provider
 * per entry of the settings and no more; a caller that goes away does not take the answer from others.
 */
import type { Clock } from '@cascata/shared/clock'
import type { JWTVerifyGetKey } from 'jose'
import type { AuthorizationServer } from 'oauth4webapi'
import { boundedFetch } from '../outbound.ts'
import type { Endpoints } from './definition.ts'
import {
  ANSWER_BYTES_MAX,
  DISCOVERY_AGE_MS,
  KEYS_AGE_MS,
  KEYS_COOLDOWN_MS,
  PROVIDER_TIMEOUT_MS,
} from './limits.ts'

export type Server = {
  metadata(signal: AbortSignal): Promise<AuthorizationServer>
  /** Of that provider only; whatever a token names. */
  keys(signal: AbortSignal): Promise<JWTVerifyGetKey>
}

export function openServer(endpoints: Endpoints, clock: Clock): Server {
  const { reach } = endpoints
  const askOnce = boundedFetch({ timeoutMs: PROVIDER_TIMEOUT_MS, bytesMax: ANSWER_BYTES_MAX, reach })
  let described: { until: number; metadata: Promise<AuthorizationServer> } | undefined
  let known: { place: string; keys: JWTVerifyGetKey } | undefined

  const discover = async (): Promise<AuthorizationServer> => {
    const { allowInsecureRequests, customFetch, discoveryRequest, processDiscoveryResponse } = await import(
      'oauth4webapi'
    )
    const issuer = new URL(endpoints.issuer)
    // What may go unencrypted is decided where it is asked: the loopback only.
    const options = { [allowInsecureRequests]: true, [customFetch]: askOnce }
    const { discovery } = endpoints
    const response =
      discovery === undefined ? await discoveryRequest(issuer, options) : await askOnce(discovery)
    return assertDescribed(await processDiscoveryResponse(issuer, response), endpoints.issuer)
  }

  const metadata = (): Promise<AuthorizationServer> => {
    const fixed = fixedMetadata(endpoints)
    if (fixed) return Promise.resolve(fixed)
    const now = clock.now()
    if (described && now < described.until) return described.metadata
    const asking = { until: now + DISCOVERY_AGE_MS, metadata: discover() }
    asking.metadata.catch(() => {
      if (described === asking) described = undefined
    })
    described = asking
    return asking.metadata
  }

  return {
    metadata: (signal) => orGone(metadata(), signal),
    async keys(signal) {
      const place = (await orGone(metadata(), signal)).jwks_uri
      if (place === undefined) throw new Error('the provider says nowhere which keys it signs with')
      if (known?.place !== place) known = { place, keys: await openKeys(place, askOnce) }
      return known.keys
    },
  }
}

async function openKeys(place: string, askOnce: ReturnType<typeof boundedFetch>): Promise<JWTVerifyGetKey> {
  const { createRemoteJWKSet, customFetch } = await import('jose/jwks/remote')
  return createRemoteJWKSet(new URL(place), {
    cacheMaxAge: KEYS_AGE_MS,
    cooldownDuration: KEYS_COOLDOWN_MS,
    timeoutDuration: PROVIDER_TIMEOUT_MS,
    [customFetch]: askOnce,
  })
}

function fixedMetadata({ issuer, authorize, token, jwks }: Endpoints): AuthorizationServer | undefined {
  if (authorize === undefined || token === undefined) return undefined
  const keys = jwks === undefined ? {} : { jwks_uri: jwks }
  return { issuer, authorization_endpoint: authorize, token_endpoint: token, ...keys }
}

/** To the letter: a URL with and without its last slash are two issuers. */
function assertDescribed(metadata: AuthorizationServer, issuer: string): AuthorizationServer {
  if (metadata.issuer !== issuer)
    throw new Error(`the provider calls itself ${metadata.issuer}, not ${issuer}`)
  return metadata
}

function orGone<Value>(promise: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const gone = Promise.withResolvers<never>()
  const leave = () => gone.reject(signal.reason)
  if (signal.aborted) leave()
  else signal.addEventListener('abort', leave, { once: true })
  return Promise.race([promise, gone.promise]).finally(() => signal.removeEventListener('abort', leave))
}

/**
 * The metadata of identity providers, as it is now. What came by URL is fetched again when it is old; where that fails,
 * what is there goes on to count, until it says itself that it no longer does.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '@cascata/shared/clock'
import { boundedFetch, outboundReason, type Reach } from '../outbound.ts'
import { createRecentMap } from '../recent-map.ts'
import { METADATA_BYTES_MAX, METADATA_TIMEOUT_MS } from '../saml/limits.ts'
import { type IdpMetadata, parseMetadata } from '../saml/metadata.ts'
import { SamlRefused } from '../saml/refused.ts'
import type { Db } from '../store/rows.ts'
import { keepMetadata, type SsoProviderRow } from '../store/sso.ts'
import { MetadataFetchFailed, MetadataRefused, MetadataRunOut } from './errors.ts'

export type GivenMetadata = { xml: string; metadata: IdpMetadata }

export type IdpMetadatas = {
  /** @throws MetadataRefused */
  read(xml: string): Promise<GivenMetadata>
  /** @throws MetadataFetchFailed, MetadataRefused */
  fetch(url: string, signal: AbortSignal): Promise<GivenMetadata>
  /** Fetched again, before it is old. Undefined where it cannot be, or was only just. */
  renewed(db: Db, provider: SsoProviderRow): Promise<IdpMetadata | undefined>
  /** @throws MetadataRunOut */
  of(db: Db, provider: SsoProviderRow): Promise<IdpMetadata>
}

type Deps = {
  clock: Clock
  /** Where a URL may lead that was given with the service key. */
  reach(): Reach
  logger: { warn(members: object, message: string): void }
}

const HOUR_MS = 3_600_000
/** Where it says nothing, as with GoTrue; and at most, whatever it says. */
const AGE_MS_MAX = 24 * HOUR_MS
/** Whoever brings an answer may make us ask, but not more often than this. */
const TRY_EVERY_MS = 5 * 60_000
const KEPT_MAX = 50

export function createIdpMetadatas({ clock, reach, logger }: Deps): IdpMetadatas {
  const parsed = createRecentMap<IdpMetadata>(KEPT_MAX)
  const tried = createRecentMap<number>(KEPT_MAX)

  const read = async (xml: string): Promise<GivenMetadata> => {
    const key = createHash('sha256').update(xml).digest('base64')
    const metadata = parsed.get(key) ?? (await parseMetadata(xml).catch(refuse))
    parsed.set(key, metadata)
    return { xml, metadata }
  }

  const isOver = ({ validUntil }: IdpMetadata) => validUntil !== null && validUntil.getTime() <= clock.now()

  /** Whoever is waited for no longer does not take it from others: it may be tried but now and then. */
  const renewed = async (db: Db, provider: SsoProviderRow): Promise<IdpMetadata | undefined> => {
    if (provider.metadata_url === null) return undefined
    if (clock.now() - (tried.get(provider.id) ?? 0) < TRY_EVERY_MS) return undefined
    tried.set(provider.id, clock.now())
    try {
      const { xml, metadata } = await read(await fetchText(provider.metadata_url, { reach: reach() }))
      if (metadata.entityId !== provider.entity_id) throw MetadataRefused('its entityID is another')
      if (isOver(metadata)) throw MetadataRunOut()
      await keepMetadata(db, provider.id, { xml, at: new Date(clock.now()) })
      return metadata
    } catch (err) {
      logger.warn({ err, provider: provider.id }, 'metadata of an identity provider could not be renewed')
      return undefined
    }
  }

  return {
    ...{ read, renewed },
    fetch: async (url, signal) => read(await fetchText(url, { signal, reach: reach() })),
    async of(db, provider) {
      const known = (await read(provider.metadata_xml)).metadata
      const now = clock.now()
      const ageMs = Math.min(AGE_MS_MAX, Math.max(HOUR_MS, known.cacheMs ?? AGE_MS_MAX))
      const isOld = isOver(known) || now - provider.metadata_at.getTime() > ageMs
      const metadata = (isOld ? await renewed(db, provider) : undefined) ?? known
      if (isOver(metadata)) throw MetadataRunOut()
      return metadata
    },
  }
}

function refuse(error: unknown): never {
  throw error instanceof SamlRefused ? MetadataRefused(error.message) : error
}

/** @throws MetadataFetchFailed: without the URL, in which a secret may be. */
async function fetchText(
  url: string,
  { signal, reach }: { signal?: AbortSignal; reach: Reach },
): Promise<string> {
  const ask = boundedFetch({ timeoutMs: METADATA_TIMEOUT_MS, bytesMax: METADATA_BYTES_MAX, signal, reach })
  const headers = { accept: 'application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8' }
  const answer = await ask(url, { headers }).catch((error: unknown) => {
    signal?.throwIfAborted()
    throw MetadataFetchFailed(outboundReason(error))
  })
  if (answer.status !== 200) throw MetadataFetchFailed(`the answer was ${answer.status}`)
  return answer.text()
}

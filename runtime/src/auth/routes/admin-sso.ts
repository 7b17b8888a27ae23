/** `/admin/sso/providers`: the identity providers of companies, as the holder of the service key keeps them. */
import { z } from 'zod'
import { isUuid } from '../access.ts'
import { type Context, nowOf, within } from '../context.ts'
import { ValidationFailed } from '../errors.ts'
import { assertOutboundUrl } from '../outbound.ts'
import { OutboundError } from '../outbound-error.ts'
import { type AuthAnswer, type AuthRequest, bodyOf, ok, optionalText } from '../request.ts'
import { METADATA_BYTES_MAX } from '../saml/limits.ts'
import { AttributeMapping } from '../saml/mapping.ts'
import { NAME_ID } from '../saml/names.ts'
import {
  EntityIdMismatch,
  SamlIdpExists,
  SsoDomainExists,
  SsoProviderNotFound,
  SsoResourceExists,
} from '../sso/errors.ts'
import type { GivenMetadata } from '../sso/idp-metadata.ts'
import type { Db } from '../store/rows.ts'
import {
  deleteSsoProvider,
  findSsoProvider,
  findSsoProviderByDomain,
  findSsoProviderByEntity,
  findSsoProviderByResource,
  insertSsoProvider,
  listSsoProviders,
  type SsoProviderRow,
  updateSsoProvider,
} from '../store/sso.ts'
import { lockIdentifier } from '../store/users.ts'

const NAME_ID_FORMATS: readonly string[] = Object.values(NAME_ID)
const DOMAINS_MAX = 500
const RESOURCE = 'resource_'

const Domain = z
  .string()
  .transform((text) => text.trim().toLowerCase())
  .pipe(z.hostname('must be a domain').max(253))

const Given = z.object({
  ...{
    type: optionalText,
    metadata_url: optionalText,
    name_id_format: optionalText,
    resource_id: optionalText,
  },
  metadata_xml: z.string().max(METADATA_BYTES_MAX).nullish(),
  domains: z.array(Domain).max(DOMAINS_MAX).nullish(),
  attribute_mapping: AttributeMapping.nullish(),
  disabled: z.boolean().nullish(),
})
type Given = z.infer<typeof Given>

export async function getSsoProviders(context: Context, { query }: AuthRequest): Promise<AuthAnswer> {
  const which = { is: query.get('resource_id'), beginsWith: query.get('resource_id_prefix') }
  const rows = await listSsoProviders(await context.sql(), which)
  return ok({ items: rows.map((row) => providerView({ ...row, metadata_xml: '' })) })
}

export async function getSsoProvider(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  return ok(providerView(await providerOf(await context.sql(), request)))
}

export async function postSsoProvider(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const body = parseBody(request)
  if (body.type !== 'saml') throw ValidationFailed("type must be 'saml'")
  const given = await metadataOf(context, { body, request })
  if (!given) throw ValidationFailed('Either metadata_xml or metadata_url must be given')
  const { xml, metadata } = given
  const made = await within(context, async (tx) => {
    await lockProviders(tx)
    if (await findSsoProviderByEntity(tx, metadata.entityId)) throw SamlIdpExists()
    const domains = [...new Set(body.domains ?? [])]
    await assertFree(tx, { domains, resourceId: body.resource_id, ownId: undefined })
    const wish = {
      ...{ resourceId: body.resource_id ?? null, disabled: body.disabled ?? false, domains },
      ...{ entityId: metadata.entityId, metadataXml: xml, metadataUrl: body.metadata_url ?? null },
      ...{ attributeMapping: body.attribute_mapping ?? {}, nameIdFormat: body.name_id_format ?? null },
    }
    return findSsoProvider(tx, await insertSsoProvider(tx, wish, nowOf(context)))
  })
  if (!made) throw SsoProviderNotFound()
  return { status: 201, json: providerView(made) }
}

/** What is not named stays. */
export async function putSsoProvider(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const body = parseBody(request)
  const { id } = await providerOf(await context.sql(), request)
  const given = await metadataOf(context, { body, request })
  const changed = await within(context, async (tx) => {
    await lockProviders(tx)
    const before = await findSsoProvider(tx, id)
    if (!before) throw SsoProviderNotFound()
    if (given && given.metadata.entityId !== before.entity_id) throw EntityIdMismatch()
    const domains = [...new Set(body.domains ?? before.domains.map(({ domain }) => domain.toLowerCase()))]
    await assertFree(tx, { domains, resourceId: body.resource_id, ownId: id })
    await updateSsoProvider(tx, id, {
      wish: { ...changedOf(before, { body, given }), domains },
      at: nowOf(context),
    })
    return findSsoProvider(tx, id)
  })
  if (!changed) throw SsoProviderNotFound()
  return ok(providerView(changed))
}

/** The users stay, with the sessions they have; nobody comes in this way any more. */
export async function dropSsoProvider(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  const sql = await context.sql()
  const gone = await providerOf(sql, request)
  await deleteSsoProvider(sql, gone.id)
  return ok(providerView(gone))
}

/** @throws ValidationFailed */
function parseBody(request: AuthRequest): Given {
  const body = bodyOf(request, Given)
  if (body.metadata_url !== undefined && body.metadata_xml)
    throw ValidationFailed('Only one of metadata_xml and metadata_url can be given')
  if (body.name_id_format !== undefined && !NAME_ID_FORMATS.includes(body.name_id_format))
    throw ValidationFailed(`name_id_format must be one of ${NAME_ID_FORMATS.join(', ')}`)
  if (body.metadata_url === undefined) return body
  try {
    assertOutboundUrl(body.metadata_url)
  } catch (error) {
    throw error instanceof OutboundError ? ValidationFailed('metadata_url must be a URL of https') : error
  }
  return body
}

type Asked = { body: Given; request: AuthRequest }

async function metadataOf(
  { idpMetadatas }: Context,
  { body, request }: Asked,
): Promise<GivenMetadata | undefined> {
  if (body.metadata_url !== undefined) return idpMetadatas.fetch(body.metadata_url, request.signal)
  return body.metadata_xml ? idpMetadatas.read(body.metadata_xml) : undefined
}

/** One change after the other: who has which domain and name is looked at first. */
const lockProviders = (db: Db): Promise<void> => lockIdentifier(db, 'sso providers')

type Names = { domains: readonly string[]; resourceId: string | undefined; ownId: string | undefined }

/** @throws SsoDomainExists, SsoResourceExists */
async function assertFree(db: Db, { domains, resourceId, ownId }: Names): Promise<void> {
  for (const domain of domains) {
    const holder = await findSsoProviderByDomain(db, domain)
    if (holder && holder.id !== ownId) throw SsoDomainExists(domain)
  }
  const named = resourceId === undefined ? undefined : await findSsoProviderByResource(db, resourceId)
  if (named && named.id !== ownId) throw SsoResourceExists()
}

function changedOf(
  before: SsoProviderRow,
  { body, given }: { body: Given; given: GivenMetadata | undefined },
) {
  return {
    resourceId: body.resource_id ?? before.resource_id,
    disabled: body.disabled ?? before.disabled,
    metadataXml: given?.xml ?? before.metadata_xml,
    // Metadata that was given as a text is not to be fetched over from where the earlier came from.
    metadataUrl: given ? (body.metadata_url ?? null) : before.metadata_url,
    attributeMapping: body.attribute_mapping ?? before.attribute_mapping ?? {},
    nameIdFormat: body.name_id_format ?? before.name_id_format,
  }
}

/** By its id, or by `resource_<resource id>`. @throws SsoProviderNotFound */
async function providerOf(db: Db, { params }: AuthRequest): Promise<SsoProviderRow> {
  const [id = ''] = params
  const found = id.startsWith(RESOURCE)
    ? await findSsoProviderByResource(db, id.slice(RESOURCE.length))
    : isUuid(id)
      ? await findSsoProvider(db, id)
      : undefined
  if (!found) throw SsoProviderNotFound()
  return found
}

const providerView = (row: SsoProviderRow) => ({
  id: row.id,
  ...(row.resource_id === null ? {} : { resource_id: row.resource_id }),
  disabled: row.disabled,
  saml: {
    entity_id: row.entity_id,
    ...(row.metadata_xml === '' ? {} : { metadata_xml: row.metadata_xml }),
    ...(row.metadata_url === null ? {} : { metadata_url: row.metadata_url }),
    attribute_mapping: row.attribute_mapping ?? {},
    ...(row.name_id_format === null ? {} : { name_id_format: row.name_id_format }),
  },
  domains: row.domains,
  created_at: row.created_at,
  updated_at: row.updated_at,
})

/** What `cascata auth sso` sends and shows. */
import { readFile } from 'node:fs/promises'
import type { AuthSsoProvider, ChangeAuthSsoProvider } from '@cascata/shared/contract/auth-sso'
import { objectIn } from './auth-user.ts'
import { usage } from './failure.ts'

export type SsoOptions = {
  metadataUrl?: string
  metadataFile?: string
  domain: string[]
  attributeMapping?: string
  nameIdFormat?: string
  resourceId?: string
  disabled?: true
  enabled?: true
}

export async function ssoWishOf(options: SsoOptions): Promise<ChangeAuthSsoProvider> {
  const { metadataUrl, metadataFile, domain, attributeMapping, nameIdFormat, resourceId } = options
  if (metadataUrl !== undefined && metadataFile !== undefined)
    throw usage('--metadata-url and --metadata-file are one or the other')
  if (options.disabled && options.enabled) throw usage('--disabled and --enabled are one or the other')
  return {
    ...(metadataUrl !== undefined && { metadata_url: metadataUrl }),
    ...(metadataFile !== undefined && { metadata_xml: await textOf(metadataFile) }),
    ...(domain.length > 0 && { domains: domain }),
    ...(attributeMapping !== undefined && {
      attribute_mapping: objectIn('--attribute-mapping', attributeMapping),
    }),
    ...(nameIdFormat !== undefined && { name_id_format: nameIdFormat }),
    ...(resourceId !== undefined && { resource_id: resourceId }),
    ...(options.disabled && { disabled: true }),
    ...(options.enabled && { disabled: false }),
  }
}

const textOf = (file: string): Promise<string> =>
  readFile(file, 'utf8').catch(() => {
    throw usage(`${file} cannot be read`)
  })

const domainsOf = ({ domains }: AuthSsoProvider): string[] => domains.map(({ domain }) => domain)

/** By its id, its `resource_id`, its entity id or one of its domains, in any letters. */
export const meantSso = (
  providers: readonly AuthSsoProvider[],
  which: string,
): AuthSsoProvider | undefined => {
  const wanted = which.toLowerCase()
  return providers.find((provider) =>
    [provider.id, provider.resource_id, provider.saml.entity_id, ...domainsOf(provider)].some(
      (name) => name?.toLowerCase() === wanted,
    ),
  )
}

export const SSO_HEAD = ['ID', 'STATE', 'DOMAINS', 'ENTITY ID', 'METADATA', 'RESOURCE ID']
export const ssoRow = (provider: AuthSsoProvider): unknown[] => [
  provider.id,
  provider.disabled ? 'off' : 'on',
  domainsOf(provider).join(' ') || null,
  provider.saml.entity_id,
  provider.saml.metadata_url ?? 'given',
  provider.resource_id,
]

/** The metadata are long: `--json` has them. */
export function ssoView({ saml, domains: _, ...provider }: AuthSsoProvider): Record<string, unknown> {
  const { metadata_xml: xml, attribute_mapping: mapping, ...shown } = saml
  return {
    ...provider,
    ...shown,
    ...(xml !== undefined && { metadata_xml: `${xml.length} characters` }),
    attribute_mapping: JSON.stringify(mapping),
  }
}

/** Who is told to put up a TXT record, so that the authority sees that a domain is ours. */
import { z } from 'zod'
import { Domain } from '../domain.ts'

const Secret = z.string().min(1).max(1_000)
const Shared = {
  /** What the world needs to see a change; the authority is asked to look after it. */
  propagation_seconds: z.int().min(0).max(3_600).default(30),
}
/** Where the provider's API is, when not where it is for everybody. */
const url = z
  .url({ protocol: /^https?$/ })
  .max(500)
  .optional()

export const DnsProviderSettings = z
  .discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('rfc2136'),
      host: z.string().min(1).max(253),
      port: z.int().min(1).max(65_535).default(53),
      zone: Domain,
      key_name: z.string().min(1).max(253),
      algorithm: z.enum(['hmac-sha256', 'hmac-sha512']).default('hmac-sha256'),
      secret: z.base64().min(1).max(1_000),
      ...Shared,
    }),
    z.strictObject({ kind: z.literal('cloudflare'), token: Secret, url, ...Shared }),
    z.strictObject({ kind: z.literal('digitalocean'), token: Secret, url, ...Shared }),
    z.strictObject({ kind: z.literal('hetzner'), token: Secret, url, ...Shared }),
    z.strictObject({
      kind: z.literal('route53'),
      access_key_id: z.string().min(1).max(200),
      secret_access_key: Secret,
      url,
      ...Shared,
    }),
    z.strictObject({
      kind: z.literal('webhook'),
      url: z.url({ protocol: /^https?$/ }).max(500),
      secret: z.string().min(16).max(1_000),
      ...Shared,
    }),
  ])
  .meta({
    id: 'DnsProviderSettings',
    examples: [{ kind: 'cloudflare', token: 'an API token that may edit the zone' }],
  })
export type DnsProviderSettings = z.infer<typeof DnsProviderSettings>

/** As it is shown: without what would open the provider's account. */
export const DnsProviderView = z
  .object({ kind: z.string(), propagation_seconds: z.int(), settings: z.record(z.string(), z.unknown()) })
  .meta({ id: 'DnsProvider' })
export type DnsProviderView = z.infer<typeof DnsProviderView>
